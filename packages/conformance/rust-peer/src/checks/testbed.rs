//! Calls to the counterpart's `Testbed`.

use std::collections::BTreeMap;
use std::f64::consts::PI;

use roam::{RoamError, channel};
use tokio::task::JoinSet;

use super::{Report, drain, expect, feed};
use crate::testbed::{
    Canvas, Color, LookupError, MathError, Message, Person, Point, Rectangle, Shape, TestbedClient,
};

const MIXED: &str = "Grüße, мир! 日本語 🦀\0\n\"end\"";

pub async fn unary(report: &mut Report, testbed: &TestbedClient) {
    let long = "0123456789".repeat(10_000);
    let texts = [
        ("ascii", "hello"),
        ("empty", ""),
        ("non-ascii", MIXED),
        ("100 kB", &long),
    ];
    for (name, text) in texts {
        report
            .check(&format!("echo {name}"), async {
                expect(Ok(text.into()), testbed.echo(text.into()).await)
            })
            .await;
        report
            .check(&format!("reverse {name}"), async {
                let reversed = text.chars().rev().collect::<String>();
                expect(Ok(reversed), testbed.reverse(text.into()).await)
            })
            .await;
    }

    let divisions = [
        ("", 100, 7, Ok(14)),
        (" truncating", -7, 2, Ok(-3)),
        (" widest", i64::MIN, 1, Ok(i64::MIN)),
        (
            " by zero",
            1,
            0,
            Err(RoamError::User(MathError::DivisionByZero)),
        ),
        (
            " overflow",
            i64::MIN,
            -1,
            Err(RoamError::User(MathError::Overflow)),
        ),
    ];
    for (name, dividend, divisor, expected) in divisions {
        report
            .check(&format!("divide{name}"), async {
                expect(expected, testbed.divide(dividend, divisor).await)
            })
            .await;
    }

    let people = [
        (1, Ok(person("Alice", 30, Some("alice@example.com")))),
        (2, Ok(person("Bob", 25, None))),
        (3, Ok(person("Charlie", 35, Some("charlie@example.com")))),
        (99, Err(RoamError::User(LookupError::NotFound))),
    ];
    for (id, expected) in people {
        report
            .check(&format!("lookup {id}"), async {
                expect(expected, testbed.lookup(id).await)
            })
            .await;
    }

    for (name, x, y) in [("", 3, 4), (" negative", -1, i32::MIN)] {
        report
            .check(&format!("echo_point{name}"), async {
                expect(Ok(Point { x, y }), testbed.echo_point(Point { x, y }).await)
            })
            .await;
    }
    for (name, email) in [
        ("with email", Some("dora@example.com")),
        ("without email", None),
    ] {
        report
            .check(&format!("create_person {name}"), async {
                let got = testbed
                    .create_person("Dora".into(), 255, email.map(Into::into))
                    .await;
                expect(Ok(person("Dora", 255, email)), got)
            })
            .await;
    }
    for (name, label) in [("labelled", Some("box".into())), ("unlabelled", None)] {
        report
            .check(&format!("rectangle_area {name}"), async {
                let rect = Rectangle {
                    top_left: Point { x: 10, y: -5 },
                    bottom_right: Point { x: 4, y: 5 },
                    label,
                };
                expect(Ok(60.0), testbed.rectangle_area(rect).await)
            })
            .await;
    }
    let colors = [
        ("red", Some(Color::Red)),
        ("GREEN", Some(Color::Green)),
        ("Blue", Some(Color::Blue)),
        ("mauve", None),
    ];
    for (name, expected) in colors {
        report
            .check(&format!("parse_color {name}"), async {
                expect(Ok(expected), testbed.parse_color(name.into()).await)
            })
            .await;
    }
    // Values whose product is exact in any order of multiplication.
    for (name, shape, expected) in [
        ("circle", Shape::Circle { radius: 2.0 }, 4.0 * PI),
        (
            "rectangle",
            Shape::Rectangle {
                width: 2.5,
                height: 4.0,
            },
            10.0,
        ),
        ("point", Shape::Point, 0.0),
    ] {
        report
            .check(&format!("shape_area {name}"), async {
                expect(Ok(expected), testbed.shape_area(shape).await)
            })
            .await;
    }
    let shapes = [
        Shape::Circle { radius: 1.5 },
        Shape::Point,
        Shape::Rectangle {
            width: 1.0,
            height: 0.5,
        },
    ];
    for (name, shapes) in [("of three shapes", shapes.to_vec()), ("empty", vec![])] {
        report
            .check(&format!("create_canvas {name}"), async {
                let background = Color::Blue;
                let expected = Canvas {
                    name: "sky".into(),
                    shapes: shapes.clone(),
                    background,
                };
                expect(
                    Ok(expected),
                    testbed
                        .create_canvas("sky".into(), shapes, background)
                        .await,
                )
            })
            .await;
    }
    for (name, message, expected) in [
        (
            "text",
            Message::Text("hé".into()),
            Message::Text("processed: hé".into()),
        ),
        (
            "number",
            Message::Number(-1 << 60),
            Message::Number(-1 << 61),
        ),
        (
            "data",
            Message::Data(vec![0, 1, 255]),
            Message::Data(vec![255, 1, 0]),
        ),
        ("no data", Message::Data(vec![]), Message::Data(vec![])),
    ] {
        report
            .check(&format!("process_message {name}"), async {
                expect(Ok(expected), testbed.process_message(message).await)
            })
            .await;
    }
    for count in [0, 3, 1000] {
        report
            .check(&format!("get_points {count}"), async {
                let points = (0..count).map(|i| Point { x: i, y: 2 * i }).collect();
                expect(Ok(points), testbed.get_points(count as u32).await)
            })
            .await;
    }
    report
        .check("swap_pair", async {
            expect(
                Ok(("left".into(), -7)),
                testbed.swap_pair((-7, "left".into())).await,
            )
        })
        .await;
    report
        .check("50 concurrent echo calls", async {
            let mut calls = JoinSet::new();
            for number in 0..50 {
                let testbed = testbed.clone();
                calls.spawn(async move {
                    let answer = testbed.echo(format!("call {number}")).await;
                    (number, answer.unwrap_or_else(|error| format!("{error:?}")))
                });
            }
            let answers: BTreeMap<_, _> = calls.join_all().await.into_iter().collect();
            expect(
                (0..50)
                    .map(|number| (number, format!("call {number}")))
                    .collect(),
                answers,
            )
        })
        .await;
}

pub async fn channels(report: &mut Report, testbed: &TestbedClient) {
    // 0 and 5 items fit into the initial credit of 16, 100 do not.
    for count in [0, 5, 100] {
        report
            .check(&format!("sum of {count}"), async {
                let (tx, rx) = channel();
                let (sum, fed) =
                    tokio::join!(testbed.sum(rx), feed(tx, (0..count).map(|i| i - 50), true));
                fed.map_err(|error| error.to_string())?;
                expect(Ok((0..i64::from(count)).map(|i| i - 50).sum()), sum)
            })
            .await;
        report
            .check(&format!("generate {count}"), async {
                let (tx, rx) = channel();
                let (done, items) = tokio::join!(testbed.generate(count as u32, tx), drain(rx));
                expect(Ok(()), done)?;
                expect(
                    (0..count).collect(),
                    items.map_err(|error| error.to_string())?,
                )
            })
            .await;
    }
    report
        .check("sum closed by dropping the sender", async {
            let (tx, rx) = channel();
            let (sum, fed) = tokio::join!(testbed.sum(rx), feed(tx, [i32::MAX, i32::MAX], false));
            fed.map_err(|error| error.to_string())?;
            expect(Ok(2 * i64::from(i32::MAX)), sum)
        })
        .await;
    report
        .check("transform 40 strings", async {
            let texts: Vec<_> = (0..40).map(|number| format!("{number} {MIXED}")).collect();
            let (tx, input) = channel();
            let (output, rx) = channel();
            let (done, fed, items) = tokio::join!(
                testbed.transform(input, output),
                feed(tx, texts.clone(), true),
                drain(rx)
            );
            expect(Ok(()), done)?;
            fed.map_err(|error| error.to_string())?;
            expect(texts, items.map_err(|error| error.to_string())?)
        })
        .await;
}

fn person(name: &str, age: u8, email: Option<&str>) -> Person {
    Person {
        name: name.into(),
        age,
        email: email.map(Into::into),
    }
}
