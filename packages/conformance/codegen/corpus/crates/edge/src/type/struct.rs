#[derive(Clone, Copy, Debug, facet::Facet)]
#[repr(u8)]
pub enum Kind {
    A,
    B { x: u8 },
}
