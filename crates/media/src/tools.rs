//! The programs we run: where they are, what they are, what is missing.

use std::collections::BTreeMap;
use std::ffi::OsStr;
use std::fs;
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};

use ytempire_core::Cancel;

use crate::child::{self, CpuMeter, Spec};

macro_rules! programs {
    ($($(#[$doc:meta])* $variant:ident = $name:literal, $package:literal, $asks:expr;)*) => {
        /// A program that the pipeline can use.
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
        pub enum Program {
            $($(#[$doc])* $variant,)*
        }

        impl Program {
            /// Every program.
            pub const ALL: &'static [Self] = &[$(Self::$variant,)*];

            /// Its file name.
            pub const fn name(self) -> &'static str {
                match self { $(Self::$variant => $name,)* }
            }

            /// The Debian package that has it.
            pub const fn package(self) -> &'static str {
                match self { $(Self::$variant => $package,)* }
            }

            /// The arguments that make it say its version; empty if it has none.
            const fn asks(self) -> &'static [&'static str] {
                match self { $(Self::$variant => $asks,)* }
            }
        }
    };
}

programs! {
    /// Encodes, decodes, filters.
    Ffmpeg = "ffmpeg", "ffmpeg", &["-hide_banner", "-version"];
    /// Tells what a media file holds.
    Ffprobe = "ffprobe", "ffmpeg", &["-hide_banner", "-version"];
    /// Speaks, and tells when each word is spoken.
    Festival = "festival", "festival", &["--version"];
    /// Speaks.
    Flite = "flite", "flite", &["--version"];
    /// Speaks many languages.
    EspeakNg = "espeak-ng", "espeak-ng", &["--version"];
    /// Aligns a known text with its sound.
    Pocketsphinx = "pocketsphinx", "pocketsphinx", &[];
    /// The same of an earlier generation.
    PocketsphinxContinuous = "pocketsphinx_continuous", "pocketsphinx", &[];
    /// The same, over many pieces of sound in one run.
    PocketsphinxBatch = "pocketsphinx_batch", "pocketsphinx", &[];
    /// Makes a child die with us and gain no rights.
    Setpriv = "setpriv", "util-linux", &["--version"];
    /// Sets a child's limits.
    Prlimit = "prlimit", "util-linux", &["--version"];
}

/// The programs that were found.
#[derive(Clone, Debug, Default)]
pub struct Tools {
    found: BTreeMap<Program, PathBuf>,
    meter: CpuMeter,
}

impl Tools {
    /// Looks for every program in the folders of `path`, which is written like `$PATH`.
    /// Relative folders are skipped: what lies in them depends on where we stand.
    pub fn find(path: &OsStr) -> Self {
        let folders: Vec<PathBuf> = std::env::split_paths(path)
            .filter(|folder| folder.is_absolute())
            .collect();
        let found = |program: &Program| {
            let places = folders.iter().map(|folder| folder.join(program.name()));
            Some((
                *program,
                places.into_iter().find(|place| is_executable(place))?,
            ))
        };
        Self {
            found: Program::ALL.iter().filter_map(found).collect(),
            meter: CpuMeter::default(),
        }
    }

    /// The same programs, whose runs from now on are added up in a meter of their own.
    #[must_use]
    pub fn metered(&self) -> (Self, CpuMeter) {
        let meter = CpuMeter::default();
        let found = self.found.clone();
        (
            Self {
                found,
                meter: meter.clone(),
            },
            meter,
        )
    }

    /// Where `program` is.
    ///
    /// # Errors
    /// [`child::Error::Missing`], which says how to install it.
    pub fn get(&self, program: Program) -> Result<&Path, child::Error> {
        self.found
            .get(&program)
            .map(PathBuf::as_path)
            .ok_or_else(|| child::Error::Missing {
                program: program.name().to_owned(),
                package: program.package(),
            })
    }

    /// Tells whether `program` was found.
    pub fn has(&self, program: Program) -> bool {
        self.found.contains_key(&program)
    }

    /// A sandboxed run of `program` in `folder`, to be given arguments.
    ///
    /// # Errors
    /// [`child::Error::Missing`].
    pub fn spec(&self, program: Program, folder: &Path) -> Result<Spec, child::Error> {
        let spec = Spec::new(self.get(program)?, program.package(), folder);
        Ok(spec.metered(&self.meter))
    }

    /// The programs that were not found.
    pub fn missing(&self) -> Vec<Program> {
        Program::ALL
            .iter()
            .copied()
            .filter(|program| !self.has(*program))
            .collect()
    }

    /// The first line in which a found program tells its version; empty where it has none.
    /// It runs in `folder`, which must be writable.
    ///
    /// # Errors
    /// See [`child::Error`].
    pub fn version(
        &self,
        program: Program,
        folder: &Path,
        cancel: &Cancel,
    ) -> Result<String, child::Error> {
        let spec = self.spec(program, folder)?;
        if program.asks().is_empty() {
            return Ok(String::new());
        }
        let done = child::run(
            &spec.args(program.asks().iter()).piped_stdout(),
            &[],
            cancel,
        );
        let said = match done {
            Ok(done) if done.stdout.is_empty() => done.stderr,
            Ok(done) => String::from_utf8_lossy(&done.stdout).into_owned(),
            // Some tell their version and exit with 1.
            Err(child::Error::Failed { tail, .. }) => tail,
            Err(other) => return Err(other),
        };
        Ok(said
            .lines()
            .map(str::trim)
            .find(|line| !line.is_empty())
            .unwrap_or("")
            .to_owned())
    }
}

fn is_executable(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn programs_are_found_only_where_they_can_run() {
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("ffmpeg"), "not executable").unwrap();
        fs::create_dir(folder.path().join("ffprobe")).unwrap();
        let tools = Tools::find(folder.path().as_os_str());
        assert_eq!(tools.missing(), Program::ALL);
        let error = tools.get(Program::Ffmpeg).unwrap_err();
        assert!(error.to_string().contains("apt install ffmpeg"), "{error}");
    }

    #[test]
    fn a_found_program_tells_its_version() {
        let folder = tempfile::tempdir().unwrap();
        let tools = Tools::find(OsStr::new("relative:/usr/bin"));
        let version = tools
            .version(Program::Ffmpeg, folder.path(), &Cancel::new())
            .unwrap();
        assert!(version.starts_with("ffmpeg version "), "{version}");
    }
}
