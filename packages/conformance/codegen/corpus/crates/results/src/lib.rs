//! Every way to spell a result. The macro goes by the spelling: `Result` with two arguments in the
//! signature is fallible, whatever it means; anything else is not, whatever it means.

use facet::Facet;
use std::result::Result as StdResult;

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Error {
    Broken,
    Worse { by: u8 },
}

#[derive(Clone, Debug, Facet)]
pub struct Answer {
    pub value: u32,
}

pub type Outcome<T> = Result<T, Error>;
pub type Done = Result<(), Error>;
pub type Either<T, E> = Result<T, E>;

/// Called `Result`, with one parameter to give, like those of `std::io`.
pub mod short {
    pub type Result<T, E = super::Error> = std::result::Result<T, E>;
}

#[roam::service]
pub trait Fallible {
    async fn plain(&self, v: u8) -> Result<Answer, Error>;
    async fn full(&self) -> std::result::Result<Answer, Error>;
    async fn core_path(&self) -> core::result::Result<(), ()>;
    async fn two_of_short(&self) -> short::Result<Answer, String>;
    async fn nested_ok(&self) -> Result<Result<Answer, u8>, Error>;
    async fn nested_err(&self) -> Result<(), Result<String, Error>>;
    async fn option_inside(&self) -> Result<Option<Answer>, Vec<Error>>;
    async fn boxed_error(&self) -> Result<Box<Answer>, Box<Error>>;
    async fn unit_error(&self) -> Result<u8, ()>;
    async fn tuple_error(&self) -> Result<(u8, u8), (u16, String)>;
}

/// The error travels inside the answer.
#[roam::service]
pub trait Infallible {
    async fn outcome(&self, v: u8) -> Outcome<Answer>;
    async fn done(&self) -> Done;
    async fn short(&self) -> short::Result<Answer>;
    async fn renamed(&self) -> StdResult<Answer, Error>;
    async fn either(&self) -> Either<Answer, Error>;
    async fn option(&self) -> Option<Result<Answer, Error>>;
    async fn tuple(&self) -> (Result<u8, Error>,);
    async fn list(&self) -> Vec<Outcome<u8>>;
    async fn boxed(&self) -> Box<Result<u8, Error>>;
    async fn argument(&self, r: Result<u8, String>, o: Outcome<()>) -> u8;
}
