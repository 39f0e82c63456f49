//! `ytempire schema`: JSON Schemas.

use std::io::Write;

use crate::args::{Schema, SchemaOf};
use crate::fail::Failure;

pub(crate) fn run(args: &Schema) -> Result<(), Failure> {
    let schema = match args.of {
        SchemaOf::Brief => ytempire_core::brief::schema(),
    };
    print(&format!("{schema:#}\n"))
}

/// Writes to standard output; a reader that has gone, such as `head`, is no error.
pub(crate) fn print(text: &str) -> Result<(), Failure> {
    let mut out = anstream::stdout().lock();
    match out.write_all(text.as_bytes()).and_then(|()| out.flush()) {
        Err(e) if e.kind() != std::io::ErrorKind::BrokenPipe => {
            Err(Failure::bug(format!("can't write to standard output: {e}")))
        }
        _ => Ok(()),
    }
}
