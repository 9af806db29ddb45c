//! `cfg` on methods does nothing: the macro drops it.

#[roam::service]
pub trait Conditions {
    async fn always(&self) -> u8;
    #[cfg(windows)]
    async fn on_windows(&self) -> u8;
    #[cfg(feature = "never")]
    async fn never(&self, a: u8) -> u8;
    #[cfg(not(feature = "never"))]
    async fn otherwise(&self) -> u8;
    #[cfg_attr(all(), doc = "conditional")]
    async fn documented(&self) -> u8;
    #[deprecated]
    async fn old(&self) -> u8;
}

#[cfg(test)]
mod tests {
    /// Not compiled, not a service.
    #[roam::service]
    trait OnlyInTests {
        async fn test(&self) -> u8;
    }
}
