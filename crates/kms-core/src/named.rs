/// The text is not one of the names that AWS's model lists for this enum.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
#[error("not a known {0}")]
pub struct UnknownName(
    /// The enum: `KeySpec`.
    pub &'static str,
);

/// Declares an enum whose values AWS knows by name: one entry gives the variant, its text on the wire and in stored
/// records, and the way back from text.
macro_rules! named {
    ($(#[$attribute:meta])* pub enum $type:ident { $($variant:ident = $name:literal,)+ }) => {
        $(#[$attribute])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $type {
            $(
                #[doc = concat!("`", $name, "`")]
                #[serde(rename = $name)]
                $variant,
            )+
        }

        impl $type {
            /// Every value, in the order of declaration.
            pub const ALL: &[Self] = &[$(Self::$variant),+];

            /// AWS's own name.
            pub const fn as_str(self) -> &'static str {
                match self {
                    $(Self::$variant => $name,)+
                }
            }
        }

        impl std::fmt::Display for $type {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $type {
            type Err = crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, Self::Err> {
                match name {
                    $($name => Ok(Self::$variant),)+
                    _ => Err(crate::UnknownName(stringify!($type))),
                }
            }
        }
    };
}

pub(crate) use named;

#[cfg(test)]
mod tests {
    use crate::KeySpec;

    #[test]
    fn a_name_is_the_same_on_the_wire_and_in_records() {
        for spec in KeySpec::ALL {
            assert_eq!(spec.as_str().parse(), Ok(*spec));
            assert_eq!(spec.to_string(), spec.as_str());
            let stored = serde_json::to_string(spec).expect("serialises");
            assert_eq!(stored, format!("\"{spec}\""));
            assert_eq!(serde_json::from_str::<KeySpec>(&stored).expect("reads back"), *spec);
        }
    }

    #[test]
    fn names_are_exact() {
        for wrong in ["", "rsa_2048", "RSA_2048 ", "RSA_1024"] {
            assert_eq!(wrong.parse::<KeySpec>(), Err(super::UnknownName("KeySpec")), "{wrong}");
        }
    }
}
