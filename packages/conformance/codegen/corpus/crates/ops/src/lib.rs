//! What a platform team runs: jobs, deployments, flags and secrets.

pub mod deploy;
pub mod flags;
pub mod jobs;
pub mod secrets;
