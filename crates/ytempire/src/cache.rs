//! `ytempire cache`: what is kept for later videos.

use media::artifact::Artifacts;
use ytempire_core::Code;

use crate::args::{Cache, Global};
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, args: Cache) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let parts = world::parts(global, &config).await?;
    if let Some(size) = &args.prune_to {
        let gone = parts.store.cache_prune(bytes(size)?).await?;
        let freed = forget(&parts.artifacts, &gone)?;
        if let Some(depot) = &parts.depot {
            for id in &gone {
                let forgotten = depot.forget(id).await;
                forgotten.map_err(|e| Failure::new(Code::DepotAway, e.to_string()))?;
            }
        }
        print(&format!(
            "forgot {} artifacts, {}\n",
            gone.len(),
            human(freed)
        ))?;
    }
    let totals = parts.store.cache_totals().await?;
    print(&format!(
        "{} results in {} artifacts, {}, under {}\n",
        totals.entries,
        totals.artifacts,
        human(totals.bytes),
        parts.folder.join("artifacts").display(),
    ))
}

fn forget(artifacts: &Artifacts, gone: &[ytempire_core::ArtifactId]) -> Result<u64, Failure> {
    let mut freed = 0;
    for id in gone {
        let failed =
            |e: media::artifact::Error| Failure::new(Code::FolderUnwritable, e.to_string());
        freed += artifacts.remove(id).map_err(failed)?;
    }
    Ok(freed)
}

/// Reads a size: a number of bytes, or one with KiB, MiB, GiB (K, M, G too).
fn bytes(text: &str) -> Result<u64, Failure> {
    let digits = text
        .find(|c: char| !c.is_ascii_digit())
        .unwrap_or(text.len());
    let (number, unit) = text.split_at(digits);
    let shift = match unit.trim().to_ascii_lowercase().as_str() {
        "" | "b" => 0,
        "k" | "kib" => 10,
        "m" | "mib" => 20,
        "g" | "gib" => 30,
        _ => 64,
    };
    let size = number.parse::<u64>().ok().filter(|_| shift < 64);
    size.and_then(|n| n.checked_mul(1 << shift)).ok_or_else(|| {
        Failure::new(
            Code::BriefInvalid,
            format!("{text:?} is no size; write it like 10GiB, 500MiB or 0"),
        )
    })
}

/// A size for people.
pub(crate) fn human(bytes: u64) -> String {
    indicatif::HumanBytes(bytes).to_string()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_or_refused() {
        assert_eq!(bytes("0").unwrap(), 0);
        assert_eq!(bytes("500MiB").unwrap(), 500 << 20);
        assert_eq!(bytes("10g").unwrap(), 10 << 30);
        for bad in ["", "GiB", "1.5GiB", "-1", "99999999999GiB", "1TB"] {
            assert!(bytes(bad).is_err(), "{bad}");
        }
    }
}
