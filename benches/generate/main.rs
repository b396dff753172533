//! Makes the data that the benchmarks run on: the same arguments give the same bytes, always.
//!
//! ```text
//! generate history --pairs N                                                       > history.csv
//! generate probe   --dispatch-dir DIR                                              > stream
//! generate real    --dispatch-dir DIR --events N --pairs N [--plain FILE] [--arg A]... > stream
//! generate worst   (as real)                                                       > stream
//! generate summary --dispatch-dir DIR --rows N --pairs N [--plain FILE] [--arg A]... > stream
//! generate log     --bytes N --pairs N                                             > access.log
//! ```
//!
//! A stream is the whole standard input of the search command; `--plain` is where the same rows go as a plain CSV.

mod event;
mod loads;
mod pairs;
mod splunkd;

use event::Load;
use pairs::Draw;
use splunkd::{Search, write_rows};
use std::fs::File;
use std::io::{self, BufWriter, Write};
use std::process::ExitCode;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match run(&arguments) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(io::stderr(), "generate: {error}");
            ExitCode::FAILURE
        }
    }
}

fn run(arguments: &[String]) -> io::Result<()> {
    let to = &mut BufWriter::with_capacity(1 << 20, io::stdout().lock());
    let Some((what, options)) = arguments.split_first() else {
        return Ok(());
    };
    let options = Options(options);
    match what.as_str() {
        "history" => loads::write_history(options.number("--pairs")?, to)?,
        "probe" => options.search()?.write_getinfo(to)?,
        "real" => events(&loads::real_columns(), Draw::HeavyTailed, &options, to)?,
        "worst" => events(&loads::NARROW, Draw::Evenly, &options, to)?,
        "summary" => summary(&options, to)?,
        "log" => {
            let bytes = options.number("--bytes")?;
            // As many events as fit: their times then span the hour.
            loads::write_log(&options.load(bytes / 600, Draw::HeavyTailed)?, bytes, to)?;
        }
        // `cargo bench` runs every bench target with this argument, `cargo test --all-targets` without any.
        "--bench" => {}
        other => return Err(wrong(&format!("there is no data called {other:?}"))),
    }
    to.flush()
}

fn events(columns: &[&str], draw: Draw, options: &Options, to: &mut impl Write) -> io::Result<()> {
    let load = options.load(options.number("--events")?, draw)?;
    options.search()?.write_getinfo(to)?;
    let plain = &mut options.plain()?;
    write_rows(columns, load.events, |number| load.event(number), to, plain)?;
    plain.flush()
}

fn summary(options: &Options, to: &mut impl Write) -> io::Result<()> {
    let (rows, pairs) = (options.number("--rows")?, options.number("--pairs")?);
    options.search()?.write_getinfo(to)?;
    let plain = &mut options.plain()?;
    write_rows(
        &loads::SUMMARY,
        rows,
        |number| loads::Summary::number(number, pairs),
        to,
        plain,
    )?;
    plain.flush()
}

/// `--name value` pairs, looked up by name.
struct Options<'a>(&'a [String]);

impl Options<'_> {
    fn all<'b>(&'b self, name: &'b str) -> impl Iterator<Item = &'b str> {
        let pairs = self
            .0
            .chunks(2)
            .filter(move |pair| pair.first().is_some_and(|first| first == name));
        pairs.filter_map(|pair| pair.get(1)).map(String::as_str)
    }

    fn text(&self, name: &str) -> io::Result<&str> {
        let value = self
            .0
            .chunks(2)
            .find(|pair| pair.first().is_some_and(|first| first == name));
        value
            .and_then(|pair| pair.get(1))
            .map(String::as_str)
            .ok_or_else(|| wrong(&format!("{name} is missing")))
    }

    fn number(&self, name: &str) -> io::Result<u64> {
        let value = self.text(name)?;
        value
            .parse()
            .map_err(|_| wrong(&format!("{name} takes a number, not {value}")))
    }

    fn load(&self, events: u64, draw: Draw) -> io::Result<Load> {
        Ok(Load {
            events,
            pairs: self.number("--pairs")?,
            new_pairs: 500,
            draw,
        })
    }

    fn search(&self) -> io::Result<Search> {
        let search = Search {
            dispatch_dir: self.text("--dispatch-dir")?.to_owned(),
            arguments: self.all("--arg").map(str::to_owned).collect(),
        };
        search.write_info()?;
        Ok(search)
    }

    fn plain(&self) -> io::Result<Box<dyn Write>> {
        match self.text("--plain") {
            Ok(path) => Ok(Box::new(BufWriter::with_capacity(
                1 << 20,
                File::create(path)?,
            ))),
            Err(_) => Ok(Box::new(io::sink())),
        }
    }
}

fn wrong(text: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, text)
}
