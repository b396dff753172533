#![no_main]

libfuzzer_sys::fuzz_target!(|data: &[u8]| s3newip_fuzz::history_rows::check(data));
