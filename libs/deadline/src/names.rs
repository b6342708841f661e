//! Closed lists of names.

/// A name that is not in a list.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("{name:?} is no {list}")]
pub struct UnknownName {
    pub list: &'static str,
    pub name: String,
}

/// A closed list of names, the same in TOML, in databases and in text.
macro_rules! names {
    ($(#[$doc:meta])* $list:ident { $($(#[$item_doc:meta])* $item:ident = $name:literal),+ $(,)? }) => {
        $(#[$doc])*
        #[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, serde::Serialize, serde::Deserialize)]
        pub enum $list {
            $($(#[$item_doc])* #[serde(rename = $name)] $item),+
        }

        impl $list {
            /// Every one, in order.
            pub const ALL: &[Self] = &[$(Self::$item),+];

            /// The snake case name.
            pub fn as_str(self) -> &'static str {
                match self {
                    $(Self::$item => $name),+
                }
            }
        }

        impl std::fmt::Display for $list {
            fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
                f.write_str(self.as_str())
            }
        }

        impl std::str::FromStr for $list {
            type Err = $crate::UnknownName;

            fn from_str(name: &str) -> Result<Self, $crate::UnknownName> {
                Self::ALL
                    .iter()
                    .copied()
                    .find(|item| item.as_str() == name)
                    .ok_or_else(|| $crate::UnknownName { list: stringify!($list), name: name.into() })
            }
        }
    };
}

pub(crate) use names;
