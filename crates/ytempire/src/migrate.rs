//! `ytempire migrate`: the database, brought up to date or only looked at.

use ytempire_core::Code;

use crate::args::{Global, Migrate};
use crate::config::Config;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, args: Migrate) -> Result<(), Failure> {
    let config = Config::load(global)?;
    let place = world::place(global, &config)?;
    let (schema, shown) = (place.schema().await?, place.shown());
    if schema.due.is_empty() {
        return print(&format!("{shown}: up to date, schema {}\n", schema.found));
    }
    let list = format!("  {}\n", schema.due.join("\n  "));
    if args.check {
        print(&format!(
            "{shown}: schema {}, to be applied:\n{list}",
            schema.found
        ))?;
        return Err(
            Failure::new(Code::SchemaBehind, "the database is not up to date")
                .hint("ytempire migrate brings it up to date"),
        );
    }
    drop(place.open(world::crash()?).await?);
    print(&format!("{shown}: applied:\n{list}"))
}
