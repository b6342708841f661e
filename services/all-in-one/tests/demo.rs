//! The demo as people start it: a program, whose output is read, and after which nothing may be left, however it ends.

use std::fs::{self, File, Permissions};
use std::io::{BufRead as _, BufReader, Read as _};
use std::os::fd::OwnedFd;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, ChildStdout, Command, Stdio};

use nix::pty::{OpenptyResult, Winsize, openpty};
use nix::sys::signal::{Signal, kill};
use nix::unistd::{Pid, pipe};
use tempfile::TempDir;
use textwrap::core::display_width;

/// A run that makes all that it makes in a folder of its own.
struct Run {
    child: Child,
    /// Ends when the program and everybody whom it has started have ended: all of them inherit the other end.
    descendants: OwnedFd,
    folder: TempDir,
}

/// How a run ended: by which code, or by which signal, and what it said about that.
struct End {
    code: Option<i32>,
    signal: Option<i32>,
    said: String,
}

// === impl Run ===

impl Run {
    fn start(stdout: impl Into<Stdio>) -> Self {
        Self::start_in("en", stdout)
    }

    fn start_in(language: &str, stdout: impl Into<Stdio>) -> Self {
        // 0755: started by root, Postgres runs as another user and must pass through.
        let folder = tempfile::Builder::new().permissions(Permissions::from_mode(0o755)).tempdir().unwrap();
        let (descendants, inherited) = pipe().unwrap();
        let child = Command::new(env!("CARGO_BIN_EXE_all-in-one"))
            .args(["--demo", language])
            .env("TMPDIR", folder.path())
            .env_remove("NO_COLOR")
            .env_remove("RUST_LOG")
            .stdin(Stdio::null())
            .stdout(stdout)
            .stderr(Stdio::piped())
            .spawn()
            .unwrap();
        drop(inherited);
        Self { child, descendants, folder }
    }

    fn signal(&self, signal: Signal) {
        kill(Pid::from_raw(self.child.id().cast_signed()), signal).unwrap();
    }

    /// Reads the story up to the line that has `part`.
    fn read_until(&mut self, part: &str) -> BufReader<ChildStdout> {
        let mut story = BufReader::new(self.child.stdout.take().unwrap());
        let mut read = String::new();
        while !read.contains(part) {
            assert_ne!(story.read_line(&mut read).unwrap(), 0, "{part:?} is not in:\n{read}");
        }
        story
    }

    /// Waits for its end, and that of its Postgres. Nothing of it may be left then.
    fn end(mut self) -> End {
        let mut said = String::new();
        self.child.stderr.take().unwrap().read_to_string(&mut said).unwrap();
        let status = self.child.wait().unwrap();
        File::from(self.descendants).read_to_end(&mut Vec::new()).unwrap();
        assert_eq!(left(self.folder.path()), Vec::<PathBuf>::new(), "{said}");
        End { code: status.code(), signal: status.signal(), said }
    }
}

/// Everything in a folder but the place that all private Postgres of this user share, and the lock at its door.
fn left(folder: &Path) -> Vec<PathBuf> {
    let inside = |folder: &Path| fs::read_dir(folder).unwrap().map(|it| it.unwrap().path()).collect::<Vec<_>>();
    let begins = |path: &PathBuf, with: &str| path.file_name().unwrap().to_string_lossy().starts_with(with);
    let (shared, mut left): (Vec<_>, Vec<_>) = inside(folder).into_iter().partition(|it| begins(it, "devpg-"));
    left.extend(shared.iter().flat_map(|it| inside(it)).filter(|it| !it.ends_with("lock")));
    left
}

#[test]
fn the_whole_demo_ends_well_and_writes_plain_text_into_a_file() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join("story");
    let end = Run::start(File::create(&file).unwrap()).end();
    let story = fs::read_to_string(&file).unwrap();
    assert_eq!((end.code, &*end.said), (Some(0), ""), "{story}");
    assert!(story.contains("What became of them") && story.trim_end().ends_with("fast."), "{story}");
    assert!(!story.contains('\u{1b}'), "{story}");
}

/// Read to its end on a terminal of so many columns, where these words are in it, in order.
fn on_a_terminal(language: &str, columns: u16, words: &[&str]) {
    let size = Winsize { ws_row: 50, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    let OpenptyResult { master, slave } = openpty(&size, None).unwrap();
    let run = Run::start_in(language, slave);
    let (mut terminal, mut story) = (BufReader::new(File::from(master)), String::new());
    // A terminal that nobody writes to any more ends with an error.
    while terminal.read_line(&mut story).is_ok_and(|length| length > 0) {}
    assert_eq!(run.end().code, Some(0), "{story}");
    let mut rest = story.as_str();
    for word in words {
        let at = rest.find(word).unwrap_or_else(|| panic!("{word:?} is not where it belongs in:\n{story}"));
        rest = &rest[at + word.len()..];
    }
    assert!(story.contains("\u{1b}["), "{story}");
    // Colours have no width.
    let wide = story.lines().find(|line| display_width(line.trim_end()) > columns.into());
    assert_eq!(wide, None, "{story}");
}

#[test]
fn on_a_narrow_terminal_it_is_coloured_and_keeps_to_its_width() {
    on_a_terminal("ru", 80, &["принято", "напоминание", "ПРОСРОЧЕНО", "Почему такой срок?", "Чем всё кончилось"]);
}

#[test]
fn on_a_wide_terminal_too() {
    on_a_terminal("en", 140, &["registered", "reminder", "OVERDUE", "Why is it due then?", "What became of them"]);
}

#[test]
fn stopped_while_everything_starts_it_says_so_and_leaves_nothing() {
    // Ctrl-C, and a terminal that is closed.
    for signal in [Signal::SIGINT, Signal::SIGHUP] {
        let mut run = Run::start(Stdio::piped());
        let story = run.read_until("\n");
        run.signal(signal);
        let end = run.end();
        assert_eq!((end.code, &*end.said), (Some(1), "otklik: stopped before the end\n"), "{signal}");
        drop(story);
    }
}

#[test]
fn stopped_in_the_middle_it_leaves_nothing_either() {
    let mut run = Run::start(Stdio::piped());
    let mut story = run.read_until("registered");
    run.signal(Signal::SIGTERM);
    story.read_to_end(&mut Vec::new()).unwrap();
    let end = run.end();
    assert_eq!((end.code, &*end.said), (Some(1), "otklik: stopped before the end\n"));
}

/// A second Ctrl-C ends it without cleaning up, too; this one can't even be heard.
#[test]
fn killed_it_leaves_nothing_either() {
    let mut run = Run::start(Stdio::piped());
    let story = run.read_until("registered");
    run.signal(Signal::SIGKILL);
    let end = run.end();
    assert_eq!((end.signal, &*end.said), (Some(Signal::SIGKILL as i32), ""));
    drop(story);
}

#[test]
fn a_reader_that_goes_away_ends_it() {
    let mut run = Run::start(Stdio::piped());
    drop(run.read_until("registered"));
    let end = run.end();
    assert_eq!(end.code, Some(1), "{}", end.said);
    assert!(end.said.starts_with("otklik: telling the story: "), "{}", end.said);
}
