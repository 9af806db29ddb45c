//! A program beside the library.

fn main() {
    println!("{}", wild::VERSION);
}
