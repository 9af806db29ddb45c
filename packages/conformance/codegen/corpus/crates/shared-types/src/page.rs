use facet::Facet;

/// Where a listing goes on.
#[derive(Clone, Debug, Facet)]
pub struct Cursor(pub Vec<u8>);

/// A part of a listing.
#[derive(Clone, Debug, Facet)]
pub struct Page<T, C = Cursor> {
    pub items: Vec<T>,
    /// None at the end.
    pub next: Option<C>,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum PageError {
    StaleCursor,
    TooLarge { limit: u32 },
}
