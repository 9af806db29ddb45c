//! Never part of a service.

#[test]
fn greets() {
    assert!(!wild::GREETING.is_empty());
}
