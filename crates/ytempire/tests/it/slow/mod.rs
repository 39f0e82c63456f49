//! Whole videos, made by the real programs.

mod assets;
mod budgets;
mod crash;
mod database;
mod fallback;
mod five;
mod gpu;
mod line;
mod looked;
mod machines;
mod memory;
mod providers;
mod shapes;
mod stop;
mod together;
mod torture;
mod whole;
mod world;

/// A brief of one scene and one sentence: three seconds of video, the least that shows every
/// stage at work.
const TINY: &str = "title = \"The blue whale\"\nformat = \"1:1\"\nscript = '''\n## The blue \
    whale\n\nWhales sing in the deep.\n'''\n";
