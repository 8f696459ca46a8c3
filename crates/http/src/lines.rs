//! Lines out of bytes that come in any pieces, in bounded memory.

use std::ops::Range;

/// The mark that some editors put before UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a line turned out to be.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Line<'a> {
    /// Its bytes, without the line's end. It is not blank.
    Text(&'a [u8]),
    /// It is longer than the limit. What follows of it is skipped.
    TooLong,
}

/// Takes pieces in and gives lines out. It keeps at most one unfinished line, and of that no more than the
/// limit, beside the piece that was given last.
#[derive(Debug)]
pub(crate) struct Lines {
    buffer: Vec<u8>,
    /// Where the next line begins.
    start: usize,
    /// Up to where there is no line's end.
    searched: usize,
    /// Whether the rest of a line that was too long is being skipped.
    skipping: bool,
    /// Whether nothing has been given out yet.
    first: bool,
    limit: usize,
}

enum Found {
    Line(Range<usize>),
    TooLong,
    None,
}

impl Lines {
    /// Lines of at most so many bytes, white space around them included.
    pub(crate) fn new(limit: usize) -> Self {
        Self {
            buffer: Vec::new(),
            start: 0,
            searched: 0,
            skipping: false,
            first: true,
            limit,
        }
    }

    /// The next piece.
    pub(crate) fn push(&mut self, piece: &[u8]) {
        self.buffer.drain(..self.start);
        self.searched -= self.start;
        self.start = 0;
        self.buffer.extend_from_slice(piece);
    }

    /// The next whole line that is not blank, if it is there.
    pub(crate) fn next(&mut self) -> Option<Line<'_>> {
        loop {
            match self.find() {
                Found::None => return None,
                Found::TooLong => return Some(Line::TooLong),
                Found::Line(range) => {
                    let range = self.trim(range);
                    if !range.is_empty() {
                        return Some(Line::Text(&self.buffer[range]));
                    }
                }
            }
        }
    }

    /// The last line, which needs no end. Called when nothing more comes.
    pub(crate) fn finish(&mut self) -> Option<Line<'_>> {
        let range = std::mem::replace(&mut self.start, self.buffer.len())..self.buffer.len();
        self.searched = self.buffer.len();
        if std::mem::take(&mut self.skipping) {
            return None;
        }
        let range = self.trim(range);
        if range.is_empty() {
            None
        } else {
            Some(Line::Text(&self.buffer[range]))
        }
    }

    fn find(&mut self) -> Found {
        while let Some(at) = memchr::memchr(b'\n', &self.buffer[self.searched..]) {
            let line = self.start..self.searched + at;
            self.start = line.end + 1;
            self.searched = self.start;
            if std::mem::take(&mut self.skipping) {
                continue;
            }
            if line.len() > self.limit {
                return Found::TooLong;
            }
            return Found::Line(line);
        }
        self.searched = self.buffer.len();
        if self.skipping {
            self.start = self.searched;
        } else if self.searched - self.start > self.limit {
            self.skipping = true;
            self.start = self.searched;
            return Found::TooLong;
        }
        Found::None
    }

    /// The line without white space around it and without a byte order mark at the very beginning.
    fn trim(&mut self, range: Range<usize>) -> Range<usize> {
        let line = &self.buffer[range.clone()];
        let marked = std::mem::take(&mut self.first) && line.starts_with(BYTE_ORDER_MARK);
        let begin = if marked { BYTE_ORDER_MARK.len() } else { 0 };
        let rest = line[begin..].trim_ascii_end();
        let text = rest.trim_ascii_start();
        let end = range.start + begin + rest.len();
        end - text.len()..end
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn all(limit: usize, pieces: &[&[u8]]) -> Vec<String> {
        let mut lines = Lines::new(limit);
        let mut found = Vec::new();
        let text = |line: Line<'_>| match line {
            Line::Text(text) => String::from_utf8_lossy(text).into_owned(),
            Line::TooLong => "TOO LONG".to_owned(),
        };
        for piece in pieces {
            lines.push(piece);
            while let Some(line) = lines.next() {
                found.push(text(line));
            }
        }
        found.extend(lines.finish().map(text));
        assert!(lines.finish().is_none());
        found
    }

    #[test]
    fn blank_lines_are_skipped_and_the_last_needs_no_end() {
        assert_eq!(all(9, &[b"\n  \r\na\r\n\t\n b \n\nc"]), ["a", "b", "c"]);
        assert_eq!(all(9, &[b""]), [""; 0]);
        assert_eq!(all(9, &[b"\n\n \n"]), [""; 0]);
    }

    #[test]
    fn a_byte_order_mark_is_no_part_of_the_first_line() {
        assert_eq!(
            all(9, &[b"\xef\xbb\xbfa\n\xef\xbb\xbfb\n"]),
            ["a", "\u{feff}b"]
        );
        assert_eq!(all(9, &[b"\xef", b"\xbb\xbf", b"\na"]), ["a"]);
    }

    #[test]
    fn a_line_that_is_too_long_is_told_once_and_skipped() {
        assert_eq!(all(3, &[b"abc\nabcd\nef\n"]), ["abc", "TOO LONG", "ef"]);
        assert_eq!(
            all(3, &[b"ab", b"cd", b"ef", b"gh", b"\ni"]),
            ["TOO LONG", "i"]
        );
        assert_eq!(all(3, &[b"abcdef"]), ["TOO LONG"]);
        assert_eq!(all(3, &[b"abcdef\n", b"x"]), ["TOO LONG", "x"]);
    }

    #[test]
    fn where_the_pieces_are_cut_makes_no_difference() {
        let text =
            "\u{feff}{\"a\":\"ä\"}\r\n\n  x \nlonger than it may be\n\u{1f6cb}\n\nlast".as_bytes();
        let whole = all(14, &[text]);
        assert_eq!(
            whole,
            ["{\"a\":\"ä\"}", "x", "TOO LONG", "\u{1f6cb}", "last"]
        );
        for size in 1..text.len() {
            let pieces: Vec<&[u8]> = text.chunks(size).collect();
            assert_eq!(all(14, &pieces), whole, "pieces of {size}");
        }
        for cut in 0..text.len() {
            let (one, two) = text.split_at(cut);
            assert_eq!(all(14, &[one, b"", two]), whole, "cut at {cut}");
        }
    }

    #[test]
    fn no_more_is_kept_than_the_limit_and_the_last_piece() {
        let mut lines = Lines::new(100);
        let piece = [b'x'; 64];
        for _ in 0..1_000 {
            lines.push(&piece);
            while lines.next().is_some() {}
            assert!(
                lines.buffer.len() <= 100 + 2 * piece.len(),
                "{}",
                lines.buffer.len()
            );
        }
    }
}
