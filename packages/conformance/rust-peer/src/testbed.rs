//! The `Testbed` service of testbed.md: one method for each shape of call.
//!
//! Method ids hash every name and type here, so nothing may be renamed or reordered.

use std::f64::consts::PI;

use facet::Facet;
use roam::{Rx, Tx};

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Point {
    pub x: i32,
    pub y: i32,
}

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Person {
    pub name: String,
    pub age: u8,
    pub email: Option<String>,
}

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Rectangle {
    pub top_left: Point,
    pub bottom_right: Point,
    pub label: Option<String>,
}

#[derive(Clone, Copy, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Color {
    Red,
    Green,
    Blue,
}

#[derive(Clone, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Shape {
    Circle { radius: f64 },
    Rectangle { width: f64, height: f64 },
    Point,
}

#[derive(Clone, Debug, PartialEq, Facet)]
pub struct Canvas {
    pub name: String,
    pub shapes: Vec<Shape>,
    pub background: Color,
}

#[derive(Clone, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum Message {
    Text(String),
    Number(i64),
    Data(Vec<u8>),
}

#[derive(Clone, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum MathError {
    DivisionByZero,
    Overflow,
}

#[derive(Clone, Debug, PartialEq, Facet)]
#[repr(u8)]
pub enum LookupError {
    NotFound,
    AccessDenied,
}

#[roam::service]
pub trait Testbed {
    async fn echo(&self, message: String) -> String;
    async fn reverse(&self, message: String) -> String;
    async fn divide(&self, dividend: i64, divisor: i64) -> Result<i64, MathError>;
    async fn lookup(&self, id: u32) -> Result<Person, LookupError>;
    async fn sum(&self, numbers: Rx<i32>) -> i64;
    async fn generate(&self, count: u32, output: Tx<i32>);
    async fn transform(&self, input: Rx<String>, output: Tx<String>);
    async fn echo_point(&self, point: Point) -> Point;
    async fn create_person(&self, name: String, age: u8, email: Option<String>) -> Person;
    async fn rectangle_area(&self, rect: Rectangle) -> f64;
    async fn parse_color(&self, name: String) -> Option<Color>;
    async fn shape_area(&self, shape: Shape) -> f64;
    async fn create_canvas(&self, name: String, shapes: Vec<Shape>, background: Color) -> Canvas;
    async fn process_message(&self, msg: Message) -> Message;
    async fn get_points(&self, count: u32) -> Vec<Point>;
    async fn swap_pair(&self, pair: (i32, String)) -> (String, i32);
}

/// The behaviour that testbed.md prescribes.
#[derive(Clone)]
pub struct TestbedHandler;

impl Testbed for TestbedHandler {
    async fn echo(&self, message: String) -> String {
        message
    }

    async fn reverse(&self, message: String) -> String {
        message.chars().rev().collect()
    }

    async fn divide(&self, dividend: i64, divisor: i64) -> Result<i64, MathError> {
        if divisor == 0 {
            return Err(MathError::DivisionByZero);
        }
        dividend.checked_div(divisor).ok_or(MathError::Overflow)
    }

    async fn lookup(&self, id: u32) -> Result<Person, LookupError> {
        let (name, age, email) = match id {
            1 => ("Alice", 30, Some("alice@example.com")),
            2 => ("Bob", 25, None),
            3 => ("Charlie", 35, Some("charlie@example.com")),
            _ => return Err(LookupError::NotFound),
        };
        Ok(Person {
            name: name.into(),
            age,
            email: email.map(Into::into),
        })
    }

    async fn sum(&self, mut numbers: Rx<i32>) -> i64 {
        let mut sum = 0;
        while let Ok(Some(number)) = numbers.recv().await {
            sum += i64::from(*number);
        }
        sum
    }

    /// Closes explicitly: the Close goes out before the response.
    async fn generate(&self, count: u32, output: Tx<i32>) {
        for number in 0..count as i32 {
            if output.send(number).await.is_err() {
                return;
            }
        }
        let _ = output.close(vec![]).await;
    }

    /// Closes by drop, on purpose: the Close may then follow the response.
    async fn transform(&self, mut input: Rx<String>, output: Tx<String>) {
        while let Ok(Some(text)) = input.recv().await {
            if output.send(text.clone()).await.is_err() {
                return;
            }
        }
    }

    async fn echo_point(&self, point: Point) -> Point {
        point
    }

    async fn create_person(&self, name: String, age: u8, email: Option<String>) -> Person {
        Person { name, age, email }
    }

    async fn rectangle_area(&self, rect: Rectangle) -> f64 {
        let width = f64::from(rect.bottom_right.x) - f64::from(rect.top_left.x);
        let height = f64::from(rect.bottom_right.y) - f64::from(rect.top_left.y);
        width.abs() * height.abs()
    }

    async fn parse_color(&self, name: String) -> Option<Color> {
        match name.to_lowercase().as_str() {
            "red" => Some(Color::Red),
            "green" => Some(Color::Green),
            "blue" => Some(Color::Blue),
            _ => None,
        }
    }

    async fn shape_area(&self, shape: Shape) -> f64 {
        match shape {
            Shape::Circle { radius } => PI * radius * radius,
            Shape::Rectangle { width, height } => width * height,
            Shape::Point => 0.0,
        }
    }

    async fn create_canvas(&self, name: String, shapes: Vec<Shape>, background: Color) -> Canvas {
        Canvas {
            name,
            shapes,
            background,
        }
    }

    async fn process_message(&self, msg: Message) -> Message {
        match msg {
            Message::Text(text) => Message::Text(format!("processed: {text}")),
            Message::Number(number) => Message::Number(number.wrapping_mul(2)),
            Message::Data(data) => Message::Data(data.into_iter().rev().collect()),
        }
    }

    async fn get_points(&self, count: u32) -> Vec<Point> {
        (0..count as i32)
            .map(|i| Point { x: i, y: 2 * i })
            .collect()
    }

    async fn swap_pair(&self, pair: (i32, String)) -> (String, i32) {
        (pair.1, pair.0)
    }
}
