//! The depot: where nodes on different machines find each other's artifacts.
//!
//! Each machine works on its own folder of [`Artifacts`]; what is finished is brought to the depot
//! before it is told to anybody, and fetched from there by who needs it. Names are hashes, so nothing in
//! the depot is ever changed, and what comes back is checked. A depot is a bucket that speaks S3, or a folder
//! that all machines see.

use std::sync::Arc;

use futures_util::TryStreamExt;
use object_store::aws::AmazonS3Builder;
use object_store::local::LocalFileSystem;
use object_store::path::Path;
use object_store::{ObjectStore, ObjectStoreExt, PutMode, PutOptions, WriteMultipart};
use secrecy::{ExposeSecret, SecretString};
use tokio::io::AsyncReadExt;
use ytempire_core::ArtifactId;

use crate::artifact::{self, Artifacts};

/// Pieces of a large file; S3 wants 5 MiB or more, and at most 10,000 of them.
const PIECE_BYTES: usize = 8 << 20;

/// Pieces on their way at once.
const PIECES_AT_ONCE: usize = 4;

/// Where a depot is.
#[derive(Clone, Debug, Default)]
pub struct Options {
    /// `s3://BUCKET/PREFIX`, or the path of a folder that all machines see.
    pub url: String,
    /// Where the S3 server is; `None`: Amazon's, by region.
    pub endpoint: Option<String>,
    /// Its region. Servers of your own mostly don't care. Default `us-east-1`.
    pub region: Option<String>,
    /// The key's id and the key; `None`: requests are not signed.
    pub key: Option<(String, SecretString)>,
}

/// Why a depot can't do as asked.
#[derive(Debug, thiserror::Error)]
pub enum Error {
    /// The place can't be understood.
    #[error("{0}")]
    Place(String),
    /// The depot can't be reached, or refuses.
    #[error("the depot {shown}: {why}")]
    Refused {
        /// Where it is.
        shown: String,
        /// What it said.
        why: String,
    },
    /// The folder of artifacts can't do as asked.
    #[error(transparent)]
    Artifact(#[from] artifact::Error),
}

/// A place that all machines share.
#[derive(Clone, Debug)]
pub struct Depot {
    store: Arc<dyn ObjectStore>,
    prefix: Path,
    shown: String,
}

impl Depot {
    /// The depot at a place; nothing is asked of it yet.
    ///
    /// # Errors
    /// [`Error::Place`].
    pub fn open(options: &Options) -> Result<Self, Error> {
        let wrong = |why: &dyn std::fmt::Display| Error::Place(format!("{}: {why}", options.url));
        let Some(rest) = options.url.strip_prefix("s3://") else {
            std::fs::create_dir_all(&options.url).map_err(|e| wrong(&e))?;
            let store = LocalFileSystem::new_with_prefix(&options.url).map_err(|e| wrong(&e))?;
            return Ok(Self {
                store: Arc::new(store.with_fsync(true)),
                prefix: Path::default(),
                shown: options.url.clone(),
            });
        };
        let (bucket, prefix) = rest.split_once('/').unwrap_or((rest, ""));
        if bucket.is_empty() {
            return Err(wrong(&"names no bucket; it is s3://BUCKET/PREFIX"));
        }
        let mut s3 = AmazonS3Builder::new()
            .with_bucket_name(bucket)
            .with_region(options.region.as_deref().unwrap_or("us-east-1"));
        if let Some(endpoint) = &options.endpoint {
            s3 = s3
                .with_endpoint(endpoint)
                .with_allow_http(endpoint.starts_with("http://"));
        }
        s3 = match &options.key {
            Some((id, key)) => s3
                .with_access_key_id(id)
                .with_secret_access_key(key.expose_secret()),
            None => s3.with_skip_signature(true),
        };
        Ok(Self {
            store: Arc::new(s3.build().map_err(|e| wrong(&e))?),
            prefix: Path::parse(prefix).map_err(|e| wrong(&e))?,
            shown: options.url.clone(),
        })
    }

    /// Where it is, without keys.
    pub fn shown(&self) -> &str {
        &self.shown
    }

    /// Brings an artifact of this machine to the depot, unless it is there.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`artifact::Error::Unreadable`] if it isn't here.
    pub async fn bring(&self, artifacts: &Artifacts, id: &ArtifactId) -> Result<(), Error> {
        let missing = || artifact::Error::Unreadable {
            path: id.0.clone().into(),
            source: std::io::ErrorKind::NotFound.into(),
        };
        let path = artifacts.path(id)?.ok_or_else(missing)?;
        let bytes = artifacts.size(id)?.ok_or_else(missing)?;
        let place = self.place(id);
        match self.store.head(&place).await {
            // One that was cut off in the middle was never named, so its size is right.
            Ok(there) if there.size == bytes => return Ok(()),
            Ok(_) | Err(object_store::Error::NotFound { .. }) => {}
            Err(e) => return Err(self.refused(&e)),
        }
        let unread = |source| artifact::Error::Unreadable {
            path: path.clone(),
            source,
        };
        if bytes <= PIECE_BYTES as u64 {
            let whole = tokio::fs::read(&path).await.map_err(unread)?;
            let options = PutOptions::from(PutMode::Overwrite);
            let put = self.store.put_opts(&place, whole.into(), options).await;
            return put.map(drop).map_err(|e| self.refused(&e));
        }
        let mut file = tokio::fs::File::open(&path).await.map_err(unread)?;
        let upload = self.store.put_multipart(&place).await;
        let upload = upload.map_err(|e| self.refused(&e))?;
        let mut upload = WriteMultipart::new_with_chunk_size(upload, PIECE_BYTES);
        let mut piece = vec![0; PIECE_BYTES];
        loop {
            let length = file.read(&mut piece).await.map_err(unread)?;
            if length == 0 {
                break;
            }
            let room = upload.wait_for_capacity(PIECES_AT_ONCE).await;
            room.map_err(|e| self.refused(&e))?;
            upload.write(&piece[..length]);
        }
        // What was cut off is thrown away by the server's rules for such pieces.
        upload
            .finish()
            .await
            .map(drop)
            .map_err(|e| self.refused(&e))
    }

    /// Fetches an artifact to this machine, unless it is here. `false`: the depot doesn't have it.
    ///
    /// # Errors
    /// [`Error::Refused`]; [`artifact::Error::Damaged`] if it isn't what its name says.
    pub async fn fetch(&self, artifacts: &Artifacts, id: &ArtifactId) -> Result<bool, Error> {
        if artifacts.path(id)?.is_some() {
            return Ok(true);
        }
        let found = match self.store.get(&self.place(id)).await {
            Ok(found) => found,
            Err(object_store::Error::NotFound { .. }) => return Ok(false),
            Err(e) => return Err(self.refused(&e)),
        };
        let mut pieces = found.into_stream();
        let mut incoming = artifacts.incoming()?;
        while let Some(piece) = pieces.try_next().await.map_err(|e| self.refused(&e))? {
            incoming.write(&piece)?;
        }
        incoming.finish(id)?;
        Ok(true)
    }

    /// Asks it for something that nobody has, to see whether it answers.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn probe(&self) -> Result<(), Error> {
        match self.store.head(&self.prefix.clone().join("probe")).await {
            Ok(_) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(self.refused(&e)),
        }
    }

    /// Takes an artifact out of the depot. It isn't missed if it wasn't there.
    ///
    /// # Errors
    /// [`Error::Refused`].
    pub async fn forget(&self, id: &ArtifactId) -> Result<(), Error> {
        match self.store.delete(&self.place(id)).await {
            Ok(()) | Err(object_store::Error::NotFound { .. }) => Ok(()),
            Err(e) => Err(self.refused(&e)),
        }
    }

    /// `ab/abcd…`, as in the folder.
    fn place(&self, id: &ArtifactId) -> Path {
        let name = &*id.0;
        let shard = name.get(..2).unwrap_or("_");
        self.prefix.clone().join(shard).join(name)
    }

    fn refused(&self, e: &object_store::Error) -> Error {
        let mut why = e.to_string();
        let mut cause = std::error::Error::source(e);
        while let Some(e) = cause {
            let more = e.to_string();
            if !why.contains(&more) {
                why = format!("{why}: {more}");
            }
            cause = e.source();
        }
        Error::Refused {
            shown: self.shown.clone(),
            why,
        }
    }
}
