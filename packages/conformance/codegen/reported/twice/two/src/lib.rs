#[roam::service]
pub trait Health { //~ error Health
    async fn check(&self, name: String) -> bool;
}

/// Two methods that kebab case makes one.
#[roam::service]
pub trait Same {
    async fn get_http(&self) -> u8;
    async fn getHTTP(&self) -> u8; //~ error, left out
}
