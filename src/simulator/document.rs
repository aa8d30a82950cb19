//! The body of an answer: shared pieces of text, put together only when it is sent.
//!
//! A page is a concatenation of texts that were made once, so that serving one costs a copy.

use super::json::SLOT_WIDTH;
use super::render::Signed;
use axum::body::Body;
use bytes::Bytes;
use std::sync::Arc;

/// A body up to this size is sent as one piece, in bytes.
const WHOLE: usize = 4 << 20;

/// How much of a larger body is put together at a time, in bytes.
const CHUNK: usize = 256 << 10;

/// A body in pieces.
#[derive(Debug, Default)]
pub(super) struct Document {
    pieces: Vec<Piece>,
    len: usize,
}

#[derive(Debug)]
enum Piece {
    Fixed(&'static str),
    Own(Vec<u8>),
    Shared(Arc<str>),
    Signed(Arc<Signed>),
}

impl Piece {
    fn bytes(&self) -> &[u8] {
        match self {
            Self::Fixed(text) => text.as_bytes(),
            Self::Own(bytes) => bytes,
            Self::Shared(text) => text.as_bytes(),
            Self::Signed(signed) => signed.text.as_bytes(),
        }
    }

    /// Appends the piece, with `signature` in its slots.
    fn write(&self, bytes: &mut Vec<u8>, signature: &str) {
        let start = bytes.len();
        bytes.extend_from_slice(self.bytes());
        if let Self::Signed(signed) = self {
            for slot in &signed.slots {
                let slot = start + slot..start + slot + SLOT_WIDTH;
                if let Some(digits) = bytes.get_mut(slot) {
                    digits.copy_from_slice(signature.as_bytes());
                }
            }
        }
    }
}

/// What stands in the slots of an answer: 16 hexadecimal digits of `nonce`.
pub(super) fn signature(nonce: u64) -> String {
    format!("{:016x}", nonce.wrapping_mul(0x9e37_79b9_7f4a_7c15))
}

impl Document {
    pub(super) fn fixed(&mut self, text: &'static str) {
        self.push(Piece::Fixed(text));
    }

    pub(super) fn own(&mut self, text: String) {
        self.push(Piece::Own(text.into_bytes()));
    }

    pub(super) fn shared(&mut self, text: &Arc<str>) {
        self.push(Piece::Shared(Arc::clone(text)));
    }

    pub(super) fn signed(&mut self, text: &Arc<Signed>) {
        self.push(Piece::Signed(Arc::clone(text)));
    }

    /// How long the body is, in bytes.
    pub(super) fn len(&self) -> usize {
        self.len
    }

    /// The body as one text.
    pub(super) fn into_bytes(self, signature: &str) -> Vec<u8> {
        let mut bytes = Vec::with_capacity(self.len);
        for piece in self.pieces {
            piece.write(&mut bytes, signature);
        }
        bytes
    }

    /// The body as something to send: a large one is put together while it is sent.
    pub(super) fn into_body(self, signature: String) -> Body {
        if self.len <= WHOLE {
            return Body::from(self.into_bytes(&signature));
        }
        let mut pieces = self.pieces.into_iter().peekable();
        let chunks = std::iter::from_fn(move || {
            pieces.peek()?;
            let mut chunk = Vec::with_capacity(CHUNK + CHUNK / 4);
            while chunk.len() < CHUNK
                && let Some(piece) = pieces.next()
            {
                piece.write(&mut chunk, &signature);
            }
            Some(Ok::<_, std::io::Error>(Bytes::from(chunk)))
        });
        Body::from_stream(futures::stream::iter(chunks))
    }

    fn push(&mut self, piece: Piece) {
        self.len += piece.bytes().len();
        self.pieces.push(piece);
    }
}

impl From<String> for Document {
    fn from(text: String) -> Self {
        let mut document = Self::default();
        document.own(text);
        document
    }
}

impl From<Vec<u8>> for Document {
    fn from(bytes: Vec<u8>) -> Self {
        let mut document = Self::default();
        document.push(Piece::Own(bytes));
        document
    }
}
