//! `[depot]`: where machines share what they make.

use std::path::PathBuf;

use media::depot::{Depot, Options};
use serde::Deserialize;
use ytempire_core::Code;

use crate::fail::Failure;
use crate::world;

/// A bucket, or a folder that all machines see.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct DepotTable {
    /// `s3://BUCKET/PREFIX`, or the path of a folder that all machines see.
    pub(crate) url: String,
    /// Where the S3 server is, `https://…`, or `http://…` on the own net. Default: Amazon's.
    pub(crate) endpoint: Option<String>,
    /// Its region. Default `us-east-1`.
    pub(crate) region: Option<String>,
    /// The id of the key. Default: requests are not signed.
    pub(crate) access_key_id: Option<String>,
    /// The environment variable that holds the key.
    pub(crate) access_key_env: Option<String>,
    /// The file that holds the key, and nothing else.
    pub(crate) access_key_file: Option<PathBuf>,
}

impl DepotTable {
    pub(crate) fn validate(&self) -> Result<(), String> {
        let bucket = self.url.starts_with("s3://");
        if !bucket && !self.url.starts_with('/') {
            return Err("depot: url is s3://BUCKET/PREFIX, or an absolute path".to_owned());
        }
        let only_s3 = self.endpoint.is_some() || self.region.is_some() || self.has_key();
        if !bucket && only_s3 {
            return Err("depot: only url has a meaning where it is a folder".to_owned());
        }
        if self.access_key_env.is_some() && self.access_key_file.is_some() {
            return Err("depot: access_key_env and access_key_file exclude each other".to_owned());
        }
        let named = self.access_key_env.is_some() || self.access_key_file.is_some();
        if named != self.access_key_id.is_some() {
            return Err(
                "depot: a key is access_key_id and one of access_key_env and access_key_file"
                    .to_owned(),
            );
        }
        Ok(())
    }

    fn has_key(&self) -> bool {
        self.access_key_id.is_some()
            || self.access_key_env.is_some()
            || self.access_key_file.is_some()
    }

    /// The depot, with its key read; nothing is asked of it yet.
    pub(crate) fn open(&self) -> Result<Depot, Failure> {
        let failed = |e: String| Failure::new(Code::ConfigInvalid, format!("depot: {e}"));
        let secret = world::secret(
            self.access_key_env.as_deref(),
            self.access_key_file.as_deref(),
        );
        let secret = secret.map_err(failed)?;
        let options = Options {
            url: self.url.clone(),
            endpoint: self.endpoint.clone(),
            region: self.region.clone(),
            key: self.access_key_id.clone().zip(secret),
        };
        Depot::open(&options).map_err(|e| failed(e.to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_makes_no_sense_is_refused() {
        let check = |text: &str| {
            let table: DepotTable = toml::from_str(text).map_err(|e| e.to_string())?;
            table.validate()
        };
        for good in [
            "url = \"/mnt/shared\"",
            "url = \"s3://bucket\"",
            "url = \"s3://b/p\"\nendpoint = \"http://s3.lan:9000\"\naccess_key_id = \"a\"\naccess_key_env = \"K\"",
        ] {
            assert_eq!(check(good), Ok(()), "{good}");
        }
        for bad in [
            "url = \"shared\"",
            "url = \"/mnt/shared\"\nregion = \"eu\"",
            "url = \"s3://b\"\naccess_key_id = \"a\"",
            "url = \"s3://b\"\naccess_key_env = \"K\"",
            "url = \"s3://b\"\naccess_key_id = \"a\"\naccess_key_env = \"K\"\naccess_key_file = \"k\"",
            "url = \"s3://b\"\nbucket = \"c\"",
        ] {
            assert!(check(bad).is_err(), "{bad}");
        }
    }
}
