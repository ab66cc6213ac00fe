//! From the types of a service's API onto the wire, whatever the protocol.

use std::collections::BTreeMap;

use aws_smithy_types::{Blob, DateTime};
use trent_shared::{SecretBytes, SecretString};

use crate::{Member, Structure};

/// Can be written by any [`Encoder`].
pub trait Encode {
    fn encode(&self, to: &mut dyn Encoder);
}

/// Writes one protocol. Calls arrive well nested, since generated code makes them.
pub trait Encoder {
    fn begin_structure(&mut self);
    /// A member follows.
    fn member(&mut self, member: &'static Member);
    fn end_member(&mut self, member: &'static Member);
    fn end_structure(&mut self);
    fn begin_list(&mut self);
    /// An item follows.
    fn item(&mut self);
    fn end_item(&mut self);
    fn end_list(&mut self);
    fn begin_map(&mut self);
    /// The value of this key follows.
    fn entry(&mut self, key: &str);
    fn end_entry(&mut self);
    fn end_map(&mut self);
    fn string(&mut self, text: &str);
    fn blob(&mut self, bytes: &[u8]);
    fn integer(&mut self, number: i64);
    fn boolean(&mut self, flag: bool);
    fn timestamp(&mut self, at: &DateTime);
}

/// Writes the members of a structure one after the other, in shape order.
pub struct StructureEncoder<'a> {
    to: &'a mut dyn Encoder,
    members: std::slice::Iter<'static, Member>,
}

/// A member's value: written, or left out when `None`. AWS never sends null.
pub trait EncodeMember {
    fn encode_as(&self, member: &'static Member, to: &mut dyn Encoder);
}

impl<'a> StructureEncoder<'a> {
    pub fn begin(to: &'a mut dyn Encoder, structure: &'static Structure) -> Self {
        to.begin_structure();
        Self { to, members: structure.members.iter() }
    }

    /// The next member of the structure.
    #[must_use]
    pub fn member(mut self, value: &impl EncodeMember) -> Self {
        if let Some(member) = self.members.next() {
            value.encode_as(member, self.to);
        }
        self
    }

    pub fn end(self) {
        self.to.end_structure();
    }
}

impl<T: Encode> EncodeMember for T {
    fn encode_as(&self, member: &'static Member, to: &mut dyn Encoder) {
        to.member(member);
        self.encode(to);
        to.end_member(member);
    }
}

impl<T: Encode> EncodeMember for Option<T> {
    fn encode_as(&self, member: &'static Member, to: &mut dyn Encoder) {
        if let Some(value) = self {
            value.encode_as(member, to);
        }
    }
}

/// The answer of an operation without output: nothing at all.
impl Encode for () {
    fn encode(&self, _: &mut dyn Encoder) {}
}

impl Encode for String {
    fn encode(&self, to: &mut dyn Encoder) {
        to.string(self);
    }
}

impl Encode for SecretString {
    fn encode(&self, to: &mut dyn Encoder) {
        to.string(self.expose());
    }
}

impl Encode for Blob {
    fn encode(&self, to: &mut dyn Encoder) {
        to.blob(self.as_ref());
    }
}

impl Encode for SecretBytes {
    fn encode(&self, to: &mut dyn Encoder) {
        to.blob(self.expose());
    }
}

impl Encode for i32 {
    fn encode(&self, to: &mut dyn Encoder) {
        to.integer(i64::from(*self));
    }
}

impl Encode for bool {
    fn encode(&self, to: &mut dyn Encoder) {
        to.boolean(*self);
    }
}

impl Encode for DateTime {
    fn encode(&self, to: &mut dyn Encoder) {
        to.timestamp(self);
    }
}

impl<T: Encode> Encode for Vec<T> {
    fn encode(&self, to: &mut dyn Encoder) {
        to.begin_list();
        for item in self {
            to.item();
            item.encode(to);
            to.end_item();
        }
        to.end_list();
    }
}

impl<T: Encode> Encode for BTreeMap<String, T> {
    fn encode(&self, to: &mut dyn Encoder) {
        to.begin_map();
        for (key, value) in self {
            to.entry(key);
            value.encode(to);
            to.end_entry();
        }
        to.end_map();
    }
}
