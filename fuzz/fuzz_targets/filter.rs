//! A filter is read, or the mistake is within the text; what is read prints as it reads.

#![no_main]

use libfuzzer_sys::fuzz_target;
use scim_conform::scim::Filter;

fuzz_target!(|text: &str| {
    match Filter::parse(text) {
        Ok(filter) => {
            let printed = filter.to_string();
            // Escapes can make the printed text too long to be read again.
            if printed.len() <= scim_conform::scim::MAX_LENGTH {
                assert_eq!(Filter::parse(&printed).as_ref(), Ok(&filter), "{printed}");
            }
        }
        Err(error) => assert!(text.is_char_boundary(error.offset), "{error}"),
    }
});
