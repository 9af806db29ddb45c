//! Two versions side by side, with services of their own.

pub mod v1;
pub mod v2;

pub use v2::*;

pub(super) mod internal {
    pub use super::v1::User as OldUser;
}
