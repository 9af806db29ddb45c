mod hidden {
    #[derive(Clone, Debug, facet::Facet)]
    pub struct Handle {
        pub fd: i32,
        pub owner: Owner,
    }

    #[derive(Clone, Debug, facet::Facet)]
    pub struct Owner(pub String, pub ::std::primitive::u8);
}

pub mod exposed {
    pub use super::hidden::Handle;
}
