use facet::Facet;

#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Facet)]
#[facet(transparent)]
pub struct Url(pub String);

#[derive(Clone, Copy, Debug, Facet)]
pub struct Position {
    pub line: u32,
    pub column: u32,
}

#[derive(Clone, Copy, Debug, Facet)]
pub struct Range {
    pub start: Position,
    pub end: Position,
}

#[derive(Clone, Debug, Facet)]
pub struct Edit {
    pub range: Range,
    pub text: String,
}
