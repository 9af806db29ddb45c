//! A program of the same modules, as many crates have it: they are not services twice.
#![allow(dead_code)]

mod deploy;
mod flags;
mod jobs;
mod secrets;

fn main() {
    println!("{}", std::mem::size_of::<jobs::JobId>());
}
