//! The header section of a response as its bytes stood on the wire.

#![allow(
    clippy::arithmetic_side_effects,
    reason = "counts of what is in memory"
)]

/// What an HTTP library's header map no longer shows.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct RawHead {
    /// Names in their own case, in their own order.
    pub(super) headers: Vec<(String, String)>,
    /// How many bytes of the record came before the body.
    pub(super) end: usize,
}

/// Finds the final response's header section, past interim (1xx) ones; none when it is not
/// complete. The library has already checked the syntax; this only splits.
pub(super) fn final_head(received: &[u8]) -> Option<RawHead> {
    let mut start = 0;
    loop {
        let (status, head) = one_head(received.get(start..)?)?;
        let end = start + head.end;
        // 101 ends HTTP on this connection, so it is final, too.
        if !(100..200).contains(&status) || status == 101 {
            return Some(RawHead { end, ..head });
        }
        start = end;
    }
}

fn one_head(bytes: &[u8]) -> Option<(u16, RawHead)> {
    let mut end = 0;
    let mut status = None;
    let mut headers = Vec::new();
    loop {
        let rest = bytes.get(end..)?;
        let length = rest.iter().position(|byte| *byte == b'\n')?;
        end += length + 1;
        let line = String::from_utf8_lossy(rest.get(..length)?);
        let line = line.strip_suffix('\r').unwrap_or(&line);
        match (status, line) {
            // RFC 9112, 2.2: empty lines before a status line are ignored.
            (None, "") => {}
            (None, _) => status = Some(line.split(' ').nth(1)?.parse().ok()?),
            (Some(status), "") => return Some((status, RawHead { headers, end })),
            (Some(_), _) => {
                let (name, value) = line.split_once(':')?;
                headers.push((name.to_owned(), value.trim().to_owned()));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(head: &RawHead) -> Vec<&str> {
        head.headers.iter().map(|(name, _)| name.as_str()).collect()
    }

    #[test]
    fn case_order_and_end_are_kept() {
        let bytes = b"HTTP/1.1 204 No Content\r\nX-MiXeD:  1 \r\ndate: now\r\n\r\n{}";
        let head = final_head(bytes).expect("complete");
        assert_eq!(names(&head), ["X-MiXeD", "date"]);
        assert_eq!(head.headers[0].1, "1");
        assert_eq!(&bytes[head.end..], b"{}");
    }

    #[test]
    fn interim_responses_and_bare_line_feeds() {
        let bytes = b"\r\nHTTP/1.1 103 Early Hints\r\nLink: x\r\n\r\nHTTP/1.1 200\nA: b\n\nbody";
        let head = final_head(bytes).expect("complete");
        assert_eq!(names(&head), ["A"]);
        assert_eq!(&bytes[head.end..], b"body");
    }

    #[test]
    fn anything_else_is_not_a_head() {
        for bytes in [
            &b""[..],
            b"HTTP/1.1 200 OK\r\nA: b\r\n",
            b"nonsense\n\n",
            b"HTTP/1.1 200 OK\r\nfolded\r\n\r\n",
        ] {
            assert_eq!(
                final_head(bytes),
                None,
                "{}",
                String::from_utf8_lossy(bytes)
            );
        }
    }
}
