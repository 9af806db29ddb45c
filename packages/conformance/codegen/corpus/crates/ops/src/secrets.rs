use facet::Facet;

/// 32 bytes.
pub type Share = [u8; 32];

/// Nobody should print this.
#[derive(Clone, Facet)]
pub struct Secret {
    #[facet(sensitive)]
    value: Vec<u8>,
    pub version: u32,
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum Grant {
    Read,
    Write,
    Admin { expires: Option<i64> },
}

#[derive(Clone, Debug, Facet)]
#[repr(u8)]
pub enum SecretError {
    Sealed,
    Denied(Grant),
}

#[roam::service]
pub trait Secrets {
    async fn get(&self, path: Vec<String>, version: Option<u32>) -> Result<Secret, SecretError>;
    async fn put(&self, path: Vec<String>, secret: Secret) -> Result<u32, SecretError>;
    async fn grant(&self, path: Vec<String>, to: String, grant: Grant) -> Result<(), SecretError>;
    async fn unseal(&self, shares: Vec<Share>) -> Result<bool, SecretError>;
}
