//! Inline modules in a file that is no `mod.rs`: their files stand in `plain/inline/`.

pub mod inline {
    pub mod deep;

    #[path = "odd.rs"]
    pub mod other;
}

use inline::{deep::Deep, other::Odd};

#[roam::service]
pub trait InlineFiles {
    async fn deep(&self, v: Deep) -> Odd;
}
