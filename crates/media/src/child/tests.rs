//! The sandbox holds, and what is stopped is gone.

use std::fs;
use std::net::TcpListener;
use std::path::Path;
use std::time::Duration;

use super::*;

/// A shell script in its own folder: shells do whatever a hijacked media tool could do.
fn shell(folder: &Path, script: &str) -> Spec {
    Spec::new(Path::new("/usr/bin/bash"), "bash", folder)
        .args(["-c", script])
        .piped_stdout()
}

fn say(folder: &Path, script: &str) -> Result<String, Error> {
    let done = run(&shell(folder, script), &[], &Cancel::new())?;
    Ok(String::from_utf8(done.stdout).unwrap())
}

#[test]
fn a_child_reads_what_it_was_given_and_nothing_else() {
    let own = tempfile::tempdir().unwrap();
    let foreign = tempfile::tempdir().unwrap();
    let secret = foreign.path().join("secret");
    fs::write(&secret, "secret").unwrap();
    let read = format!("cat '{}'", secret.display());
    let refused = say(own.path(), &read).unwrap_err().to_string();
    assert!(refused.contains("Permission denied"), "{refused}");
    let refused = say(own.path(), "cat /etc/passwd").unwrap_err().to_string();
    assert!(refused.contains("Permission denied"), "{refused}");

    let given = shell(own.path(), &read).read(&secret);
    let done = run(&given, &[], &Cancel::new()).unwrap();
    assert_eq!(done.stdout, b"secret");
    assert!(done.sandboxed);
}

#[test]
fn a_child_writes_into_its_folder_only() {
    let own = tempfile::tempdir().unwrap();
    let foreign = tempfile::tempdir().unwrap();
    let outside = foreign.path().join("file");
    assert!(say(own.path(), &format!("echo x > '{}'", outside.display())).is_err());
    assert!(!outside.exists());
    // A folder that may be read may still not be written.
    let readable = shell(own.path(), &format!("echo x > '{}'", outside.display()));
    assert!(run(&readable.read(foreign.path()), &[], &Cancel::new()).is_err());
    assert!(!outside.exists());
    say(
        own.path(),
        "echo x > inside; mv inside inside2; mv inside2 inside; echo x > /dev/null",
    )
    .unwrap();
    assert!(own.path().join("inside").exists());
}

#[test]
fn a_child_has_no_network() {
    let own = tempfile::tempdir().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    for protocol in ["tcp", "udp"] {
        let connect = format!("exec 3<>/dev/{protocol}/127.0.0.1/{port} && echo connected");
        let refused = say(own.path(), &connect).unwrap_err().to_string();
        assert!(
            refused.contains("Permission denied"),
            "{protocol}: {refused}"
        );
    }
    listener.set_nonblocking(true).unwrap();
    assert!(listener.accept().is_err());
}

#[test]
fn a_child_can_neither_signal_nor_inspect_us() {
    let own = tempfile::tempdir().unwrap();
    for act in [
        "kill -0 $PPID",
        "cat /proc/$PPID/environ",
        "unshare --net true",
    ] {
        assert!(say(own.path(), act).is_err(), "{act}");
    }
}

#[test]
fn a_child_sees_none_of_our_environment() {
    let own = tempfile::tempdir().unwrap();
    let seen = say(own.path(), "compgen -e | sort | tr '\\n' ' '").unwrap();
    // PWD, OLDPWD, SHLVL and _ are the shell's own.
    let ours = seen.split_whitespace().filter(|name| {
        ![
            "PWD", "OLDPWD", "SHLVL", "_", "HOME", "LC_ALL", "PATH", "TMPDIR",
        ]
        .contains(name)
    });
    assert_eq!(ours.collect::<Vec<_>>(), Vec::<&str>::new());
}

#[test]
fn input_reaches_it_and_what_it_used_is_told() {
    let own = tempfile::tempdir().unwrap();
    let spec = shell(own.path(), "for ((i=0;i<200000;i++)); do :; done; cat").piped_stdin();
    let input = vec![b'x'; 300_000];
    let done = run(&spec, &input, &Cancel::new()).unwrap();
    assert_eq!(done.stdout, input);
    assert!(done.cpu >= Duration::from_millis(10), "{:?}", done.cpu);
}

#[test]
fn cancelling_kills_the_whole_group() {
    let own = tempfile::tempdir().unwrap();
    let cancel = Cancel::new();
    let spec = shell(own.path(), "sleep 1000 & echo $!; wait");
    let mut running = start(&spec, &cancel).unwrap();
    let mut line = String::new();
    let stdout = running.stdout.take().unwrap();
    std::io::BufRead::read_line(&mut std::io::BufReader::new(stdout), &mut line).unwrap();
    let grandchild = format!("/proc/{}/stat", line.trim());
    assert!(is_alive(&grandchild));
    cancel.cancel();
    assert!(matches!(running.finish(), Err(Error::Cancelled { .. })));
    // The signal was sent; the kernel delivers it in its own time.
    let died = (0..100_000).any(|_| {
        std::thread::yield_now();
        !is_alive(&grandchild)
    });
    assert!(died);
}

#[test]
fn a_child_that_takes_too_long_is_stopped() {
    let own = tempfile::tempdir().unwrap();
    let limits = Limits {
        wall: Duration::from_millis(100),
        ..Limits::default()
    };
    let ended = run(
        &shell(own.path(), "sleep 1000").limits(limits),
        &[],
        &Cancel::new(),
    );
    assert!(matches!(ended, Err(Error::TimedOut { .. })), "{ended:?}");
}

#[test]
fn a_child_dies_with_the_thread_that_started_it() {
    let own = tempfile::tempdir().unwrap();
    let spec = shell(own.path(), "echo up; sleep 1000");
    let mut orphan = std::thread::spawn(move || {
        let mut child = running::command(&spec).spawn().unwrap();
        // Once it has spoken, its wrappers have done their work.
        let mut word = [0; 2];
        std::io::Read::read_exact(child.stdout.as_mut().unwrap(), &mut word).unwrap();
        child
    })
    .join()
    .unwrap();
    let status = orphan.wait().unwrap();
    assert_eq!(
        std::os::unix::process::ExitStatusExt::signal(&status),
        Some(libc::SIGKILL)
    );
}

#[test]
fn limits_on_output_memory_and_files_hold() {
    let own = tempfile::tempdir().unwrap();
    let few = Limits {
        stdout_bytes: 1000,
        ..Limits::default()
    };
    let flood = run(&shell(own.path(), "yes").limits(few), &[], &Cancel::new());
    assert!(
        matches!(
            flood,
            Err(Error::TooMuchOutput {
                limit_bytes: 1000,
                ..
            })
        ),
        "{flood:?}"
    );

    let small = Limits {
        file_bytes: 4096,
        ..Limits::default()
    };
    let writes = shell(own.path(), "exec yes > file").limits(small);
    let flood = run(&writes, &[], &Cancel::new());
    assert!(
        matches!(
            flood,
            Err(Error::TooMuchOutput {
                limit_bytes: 4096,
                ..
            })
        ),
        "{flood:?}"
    );

    let tight = Limits {
        memory_bytes: 64 << 20,
        ..Limits::default()
    };
    let hungry = shell(
        own.path(),
        "x=$(head -c 100000000 /dev/zero | tr '\\0' x); echo ok",
    );
    assert!(run(&hungry.limits(tight), &[], &Cancel::new()).is_err());
}

#[test]
fn errors_carry_the_last_words_cleaned_and_cut() {
    let own = tempfile::tempdir().unwrap();
    let script =
        "head -c 100000 /dev/zero | tr '\\0' a >&2; printf '\\033[31mlast\\a\\n' >&2; exit 3";
    let Err(Error::Failed {
        program,
        status,
        tail,
    }) = say(own.path(), script)
    else {
        panic!("it did not fail")
    };
    assert_eq!((program.as_str(), status.as_str()), ("bash", "exit code 3"));
    assert!(
        tail.len() <= 8 << 10 && tail.ends_with("a [31mlast"),
        "{tail}"
    );

    let full = say(own.path(), "echo x > /dev/full");
    // /dev/full is not among the devices it may use, which is an ordinary failure.
    assert!(matches!(full, Err(Error::Failed { .. })), "{full:?}");
    let full = say(
        own.path(),
        "echo 'write: No space left on device' >&2; exit 1",
    );
    assert!(matches!(full, Err(Error::DiskFull { .. })), "{full:?}");
}

#[test]
fn a_program_that_is_not_there_is_named_with_its_package() {
    let own = tempfile::tempdir().unwrap();
    let spec = Spec::new(
        Path::new("/usr/bin/no-such-thing"),
        "thing-utils",
        own.path(),
    );
    let error = run(&spec, &[], &Cancel::new()).unwrap_err().to_string();
    assert!(
        error.contains("no-such-thing") && error.contains("apt install thing-utils"),
        "{error}"
    );
}

/// A zombie is dead: `init` reaps it in its own time.
fn is_alive(stat: &str) -> bool {
    let text = fs::read_to_string(stat).unwrap_or_default();
    text.rsplit_once(") ")
        .is_some_and(|(_, rest)| !rest.starts_with('Z'))
}

#[test]
fn a_child_that_ran_out_of_memory_is_told_apart() {
    let folder = tempfile::tempdir().unwrap();
    for script in ["kill -9 $$", "echo 'x: Cannot allocate memory' >&2; exit 1"] {
        let error = say(folder.path(), script).unwrap_err();
        assert!(matches!(error, Error::OutOfMemory { .. }), "{error}");
    }
    let other = say(folder.path(), "echo 'out of luck' >&2; exit 1").unwrap_err();
    assert!(matches!(other, Error::Failed { .. }), "{other}");
}

/// Only what runs on a GPU sees its devices; where none is, there is nothing to see.
#[test]
fn devices_are_kept_from_what_needs_none() {
    let folder = tempfile::tempdir().unwrap();
    let script = "cat /proc/devices > /dev/null";
    assert!(say(folder.path(), script).is_err());
    run(&shell(folder.path(), script).gpu(), &[], &Cancel::new()).unwrap();
}
