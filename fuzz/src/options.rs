//! The command's arguments, one a line.

use s3newip::reltime::Zone;
use s3newip::rules::{NewRule, Output};
use s3newip::splunk::options::{Options, Publish};

/// The longest message: a relative time's 256 bytes may stand in it, each escaped.
const MAX_MESSAGE_BYTES: usize = 4096;

/// See the table in [`super`].
pub fn check(data: &[u8]) {
    let text = String::from_utf8_lossy(data);
    let args: Vec<String> = text.split('\n').map(str::to_owned).collect();
    match Options::parse(&args) {
        Ok(options) => check_options(&options),
        Err(error) => {
            let message = error.to_string();
            assert!(!message.contains(char::is_control), "{message:?}");
            assert!(
                (10..MAX_MESSAGE_BYTES).contains(&message.len()),
                "{message:?}"
            );
        }
    }
}

fn check_options(options: &Options) {
    let name = options.lookup.as_str();
    assert!(
        name.ends_with(".csv") && !name.starts_with('.') && name.len() <= 200,
        "{name}"
    );
    assert!(
        name.chars()
            .all(|letter| letter.is_ascii_alphanumeric() || "_-.".contains(letter)),
        "{name}"
    );
    let keys = options.by.names();
    assert!((1..=5).contains(&keys.len()), "{keys:?}");
    assert!(
        (1..keys.len()).all(|at| !keys[..at].contains(&keys[at])),
        "{keys:?}"
    );
    assert!(
        keys.iter().all(|key| !key.contains(['=', ',', '\0', '\n'])),
        "{keys:?}"
    );
    let _ = options.window.resolve(1_700_000_000, &Zone::utc());
    let again = Options::parse(&written(options)).expect("what is written out is read again");
    for code in 0..1000 {
        assert_eq!(again.status.contains(code), options.status.contains(code));
    }
    assert_eq!(without_status(&again), without_status(options));
}

fn without_status(options: &Options) -> String {
    let Options {
        lookup,
        window,
        new,
        output,
        max_events,
        update,
        seed,
        by,
        publish,
        status: _,
    } = options;
    format!("{lookup} {window} {new:?} {output:?} {max_events} {update} {seed} {by:?} {publish:?}")
}

fn written(options: &Options) -> Vec<String> {
    let codes = (100..600_u16).filter(|code| options.status.contains(*code));
    let codes: Vec<_> = codes.map(|code| code.to_string()).collect();
    let new = match options.new {
        NewRule::Window => "window",
        NewRule::Unseen => "unseen",
    };
    let output = match options.output {
        Output::Events => "events",
        Output::Pairs => "pairs",
        Output::All => "all",
    };
    let publish = match options.publish {
        Publish::Auto => "auto",
        Publish::File => "file",
        Publish::Rest => "rest",
    };
    let mut written = vec![
        format!("lookup={}", options.lookup),
        format!("window={}", options.window),
        format!("new={new}"),
        format!("status={}", codes.join(",")),
        format!("output={output}"),
        format!("maxevents={}", options.max_events),
        format!("update={}", options.update),
        format!("seed={}", options.seed),
        format!("publish={publish}"),
        "by".to_owned(),
    ];
    written.extend(options.by.names().iter().cloned());
    written
}
