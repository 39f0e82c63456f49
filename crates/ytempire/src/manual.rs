//! `ytempire completions` and `ytempire man`: made from the arguments themselves.

use clap::CommandFactory;
use ytempire_core::Code;

use crate::args::{Args, Completions, Man};
use crate::fail::Failure;
use crate::schema::print;

pub(crate) fn completions(args: &Completions) -> Result<(), Failure> {
    let mut script = Vec::new();
    clap_complete::generate(args.shell, &mut Args::command(), "ytempire", &mut script);
    print(&String::from_utf8_lossy(&script))
}

pub(crate) fn man(args: &Man) -> Result<(), Failure> {
    let Some(dir) = &args.dir else {
        let mut page = Vec::new();
        let rendered = clap_mangen::Man::new(Args::command()).render(&mut page);
        rendered.map_err(|e| Failure::bug(format!("can't render the manual: {e}")))?;
        return print(&String::from_utf8_lossy(&page));
    };
    std::fs::create_dir_all(dir)
        .and_then(|()| clap_mangen::generate_to(Args::command(), dir))
        .map_err(|e| Failure::new(Code::FolderUnwritable, format!("{}: {e}", dir.display())))
}
