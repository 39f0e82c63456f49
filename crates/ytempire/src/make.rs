//! `ytempire make`: the main job, from arguments to the folder with the finished video.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use store::VideoRow;
use worker::{
    Exported, Node, Order, Parts, Prepared, RefusedOrder, Terms, WorkError, bring_own_files,
    export, prepare, submit,
};
use ytempire_core::brief::{self, Brief, Syntax};
use ytempire_core::{Code, VideoState};

use crate::args::{Global, Make, Wish};
use crate::channel;
use crate::config::Config;
use crate::cost;
use crate::display::Display;
use crate::fail::Failure;
use crate::schema::print;
use crate::world;

pub(crate) async fn run(global: &Global, args: Make) -> Result<(), Failure> {
    let cancel = world::stop_signal()?;
    let config = Config::load(global)?;
    let mut parts = world::parts(global, &config).await?;
    parts.backends = Arc::new(config.backends()?);
    world::check_tools(&parts.tools)?;
    let prepared = tokio::select! {
        prepared = off_the_loop(parts.clone(), args.wish()) => prepared?,
        () = world::raised(&cancel) => return Err(stopped(&WorkError::Interrupted, &args)),
    };
    for notice in &prepared.notices {
        anstream::eprintln!("note: {notice}");
    }
    let out = args.out.clone().unwrap_or_else(|| default_out(&args));
    writable(&out)?;
    let submitted = submit(&parts, &prepared, Terms::default()).await?;
    let video = submitted.video;
    let mut display = Display::new(global, &args, &parts, &video);
    display.begin(&prepared, submitted.fresh);
    let node = Node::join(parts.clone(), &world::node_name())
        .await
        .map_err(|e| stopped(&e, &args))?;
    // A task of its own: a screen that stands still, or a slow reader of our output, must not
    // keep leases from being extended.
    let id = video.id;
    let working = tokio::spawn(async move {
        let worked = node.work(id, &cancel).await;
        (node, worked)
    });
    let worked = tokio::select! {
        biased;
        worked = working => worked,
        () = display.watch() => unreachable!("watching never ends by itself"),
    };
    let (node, worked) = worked.map_err(|e| Failure::bug(format!("the node panicked: {e}")))?;
    display.finish().await?;
    let video = match worked {
        Ok(video) => video,
        Err(e) => return Err(stopped(&e, &args)),
    };
    node.leave().await.map_err(|e| stopped(&e, &args))?;
    let exported = export(&parts, &video, &out).await?;
    told(&args, global, &video, &exported)
}

/// Preparing reads and hashes the user's files: not on a thread that serves the store.
pub(crate) async fn off_the_loop(parts: Parts, wish: Wish) -> Result<Prepared, Failure> {
    let panicked = |e| Failure::bug(format!("preparing panicked: {e}"));
    let read = move || {
        let file = wish.brief.as_deref().map(File::read).transpose()?;
        let order = order(&wish, file.as_ref())?;
        Ok::<_, Failure>((file, order))
    };
    let read = tokio::task::spawn_blocking(read).await;
    let (file, mut order) = read.map_err(panicked)??;
    if let Some(name) = &order.settings.channel {
        order.channel = Some(channel::named(&parts, name).await?.id);
    }
    crate::price::warn(&parts);
    let own = parts.clone();
    let prepared =
        move || prepare(&own, &order).map_err(|refused| placed(refused, &order, file.as_ref()));
    let prepared = tokio::task::spawn_blocking(prepared).await;
    let prepared = prepared.map_err(panicked)??;
    bring_own_files(&parts, &prepared).await?;
    Ok(prepared)
}

/// Says where in the brief's file the fault is.
fn placed(refused: RefusedOrder, order: &Order, file: Option<&File>) -> Failure {
    let RefusedOrder {
        code,
        text,
        script_line,
    } = refused;
    let in_script = script_line.map(|line| format!("script line {line}: "));
    let place = match (file, &order.settings.source) {
        (Some(file), brief::Source::Script(script)) => {
            let line = script_line.and_then(|line| brief::line_in_file(&file.text, script, line));
            match line {
                Some(line) => format!("{}:{line}: ", file.name),
                None => format!("{}: {}", file.name, in_script.unwrap_or_default()),
            }
        }
        (Some(file), _) => format!("{}: ", file.name),
        (None, _) => in_script.unwrap_or_default(),
    };
    let about_text = matches!(
        code,
        Code::ScriptEmpty
            | Code::ScriptTooLong
            | Code::ScriptMalformed
            | Code::GlyphsMissing
            | Code::VoiceUnsuited
    );
    Failure::new(code, if about_text { place + &text } else { text })
}

/// The brief with the options laid over it.
fn order(wish: &Wish, file: Option<&File>) -> Result<Order, Failure> {
    let look = &wish.look;
    let (mut brief, folder) = match file {
        Some(file) => (file.brief.clone(), file.folder.clone()),
        None => (
            Brief {
                topic: wish.topic.clone(),
                ..Brief::default()
            },
            PathBuf::from("."),
        ),
    };
    if let Some(format) = look.format {
        brief.format = format.into();
    }
    if let Some(tier) = look.tier {
        brief.tier = tier.into();
    }
    if let Some(captions) = look.captions {
        brief.captions = captions.into();
    }
    let over = |option: &Option<String>, value: &mut Option<String>| {
        if option.is_some() {
            value.clone_from(option);
        }
    };
    over(&look.voice, &mut brief.voice);
    over(&look.language, &mut brief.language);
    over(&look.theme, &mut brief.theme);
    over(&look.channel, &mut brief.channel);
    if let Some(budget) = &look.budget {
        brief.budget = Some(brief::Dollars::Text(budget.clone()));
    }
    // Paths on the command line are relative to where we stand, those of the brief to it.
    if let Some(assets) = &look.assets {
        brief.assets = Some(here(assets)?);
    }
    match look.music.as_deref() {
        Some("none") => brief.music = Some("none".to_owned()),
        Some(file) => brief.music = Some(here(Path::new(file))?),
        None => {}
    }
    Ok(Order {
        settings: brief.settings()?,
        folder,
        channel: None,
    })
}

fn here(path: &Path) -> Result<String, Failure> {
    let absolute = std::path::absolute(path)
        .map_err(|e| Failure::new(Code::AssetUnusable, format!("{}: {e}", path.display())))?;
    absolute.into_os_string().into_string().map_err(|path| {
        let text = format!("{}: the name is not UTF-8; rename it", path.display());
        Failure::new(Code::AssetUnusable, text)
    })
}

/// A brief as it lies on the disk.
struct File {
    name: String,
    text: String,
    brief: Brief,
    /// What its paths are relative to.
    folder: PathBuf,
}

impl File {
    fn read(path: &Path) -> Result<Self, Failure> {
        let name = path.to_string_lossy().into_owned();
        let unreadable = |why: &dyn std::fmt::Display| {
            Failure::new(Code::BriefUnreadable, format!("{name}: {why}"))
        };
        let syntax = Syntax::of_file(&name).ok_or_else(|| {
            unreadable(
                &"a brief is a .toml, .yaml or .json file, an article a .md, .txt or .html file",
            )
        })?;
        let kind = std::fs::metadata(path).map_err(|e| unreadable(&e))?;
        if !kind.is_file() {
            // A pipe would be waited for, a folder can't be read.
            return Err(unreadable(&"it is not a file; give the brief itself"));
        }
        // Never more than the limit and a byte: what is larger is refused by its size anyway.
        let limit = brief::BYTES_MAX as u64 + 1;
        let mut bytes = Vec::new();
        std::fs::File::open(path)
            .and_then(|file| {
                std::io::Read::read_to_end(&mut std::io::Read::take(file, limit), &mut bytes)
            })
            .map_err(|e| unreadable(&e))?;
        let brief = brief::load_bytes(&bytes, syntax).map_err(|e| e.in_file(&name))?;
        let folder = path.parent().filter(|dir| !dir.as_os_str().is_empty());
        Ok(Self {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            folder: folder.unwrap_or_else(|| Path::new(".")).to_owned(),
            name,
            brief,
        })
    }
}

/// `out/` and the brief's name, or the topic's words.
fn default_out(args: &Make) -> PathBuf {
    let stem = args
        .brief
        .as_ref()
        .and_then(|path| path.file_stem())
        .map(|s| s.to_string_lossy());
    let name = stem.unwrap_or_else(|| args.topic.clone().unwrap_or_default().into());
    Path::new("out").join(slug(&name))
}

/// A name for a folder: the letters and digits of `name`, at most 60 characters.
pub(crate) fn slug(name: &str) -> String {
    let slug: String = name
        .chars()
        .map(|c| {
            if c.is_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect();
    let words: Vec<&str> = slug.split('-').filter(|word| !word.is_empty()).collect();
    let slug: String = words.join("-").chars().take(60).collect();
    if slug.is_empty() {
        "video".to_owned()
    } else {
        slug
    }
}

/// Fails before any work where the result couldn't be laid down.
fn writable(out: &Path) -> Result<(), Failure> {
    let probe = out.join(format!(".{}.part", std::process::id()));
    std::fs::create_dir_all(out)
        .and_then(|()| std::fs::write(&probe, b""))
        .and_then(|()| std::fs::remove_file(&probe))
        .map_err(|e| {
            let text = format!("{} can't be written: {e}", out.display());
            Failure::new(Code::FolderUnwritable, text).hint("name another folder by --out DIR")
        })
}

fn stopped(error: &WorkError, args: &Make) -> Failure {
    match error {
        WorkError::Interrupted => {
            let what = args
                .brief
                .as_ref()
                .map_or_else(|| "--topic …".into(), |path| path.to_string_lossy());
            Failure::new(Code::Interrupted, "interrupted; what is finished is kept")
                .hint(format!("go on by the same command: ytempire make {what} …"))
        }
        WorkError::Store(store::Error::DiskFull) => {
            Failure::new(Code::DiskFull, "the disk is full; what is finished is kept")
                .hint("free some space and give the same command again")
        }
        WorkError::Folder(e) => Failure::new(
            Code::FolderUnwritable,
            format!("the data folder can't be used: {e}"),
        ),
        WorkError::Store(e @ store::Error::Away(_)) => {
            Failure::new(Code::DatabaseAway, e.to_string())
        }
        WorkError::Store(e) => Failure::new(Code::StoreFailed, e.to_string()),
        WorkError::VideoUnknown => Failure::bug(error.to_string()),
    }
}

fn told(
    args: &Make,
    global: &Global,
    video: &VideoRow,
    exported: &Exported,
) -> Result<(), Failure> {
    if args.json {
        let line = serde_json::json!({ "kind": "receipt", "video": video.id, "state": video.state,
            "folder": exported.folder, "files": exported.files, "receipt": exported.receipt });
        print(&format!("{line}\n"))?;
    }
    if let Some((code, text)) = &video.failure {
        let again = match code {
            Code::DiskFull => {
                "what is finished is kept: free some space and give the same command again"
            }
            _ => "what is finished is kept: mend the cause and give the same command again",
        };
        return Err(Failure::new(*code, text.clone()).hint(again));
    }
    if video.state != VideoState::Ready {
        return Err(Failure::new(Code::Interrupted, "the video was cancelled"));
    }
    if !args.json {
        let video_file = exported.folder.join("video.mp4");
        if global.quiet {
            return print(&format!("{}\n", video_file.display()));
        }
        print(&format!(
            "\n{}\n{}\n",
            cost::shown(&exported.receipt),
            video_file.display()
        ))?;
    }
    Ok(())
}
