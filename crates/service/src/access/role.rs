//! Roles, the rights that each has, and the right that each command needs.

use std::str::FromStr;

use landfall_domain::Command;

/// What can be asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Right {
    /// Everything that changes nothing.
    Read,
    /// The commands about orders and their lines.
    Orders,
    /// The commands about batches and shipments.
    Supply,
    /// What those who run the service do.
    Operate,
}

impl Right {
    /// All of them.
    pub const ALL: [Right; 4] = [Right::Read, Right::Orders, Right::Supply, Right::Operate];
}

/// What the holder of a key is there for. Each key has one.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Role {
    /// Looks, and changes nothing.
    Read,
    /// Sells: all of `read`, and the commands about orders.
    Orders,
    /// Buys and stores: all of `read`, and the commands about batches and shipments.
    Supply,
    /// May do everything.
    Admin,
}

impl Role {
    /// All of them.
    pub const ALL: [Role; 4] = [Role::Read, Role::Orders, Role::Supply, Role::Admin];

    /// Its name.
    pub const fn name(self) -> &'static str {
        match self {
            Role::Read => "read",
            Role::Orders => "orders",
            Role::Supply => "supply",
            Role::Admin => "admin",
        }
    }

    /// Whether it has a right.
    pub const fn may(self, right: Right) -> bool {
        match (self, right) {
            (_, Right::Read) | (Role::Admin, _) => true,
            (Role::Orders, right) => matches!(right, Right::Orders),
            (Role::Supply, right) => matches!(right, Right::Supply),
            (Role::Read, _) => false,
        }
    }
}

impl FromStr for Role {
    type Err = String;

    fn from_str(name: &str) -> Result<Self, String> {
        let found = Role::ALL.into_iter().find(|role| role.name() == name);
        found.ok_or_else(|| "must be read, orders, supply or admin".to_owned())
    }
}

impl std::fmt::Display for Role {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name())
    }
}

/// The right that a command needs, whichever way it comes in.
pub fn right_to(command: &Command) -> Right {
    match command {
        Command::Allocate(_)
        | Command::PlaceOrder(_)
        | Command::ChangeLineQuantity(_)
        | Command::CancelLine(_)
        | Command::CancelOrder(_)
        | Command::Dispatch(_) => Right::Orders,
        Command::CreateBatch(_)
        | Command::ChangeBatchQuantity(_)
        | Command::ChangeBatchEta(_)
        | Command::HoldBatch(_)
        | Command::ReleaseBatch(_)
        | Command::ReceiveBatch(_)
        | Command::CancelBatch(_)
        | Command::CreateShipment(_)
        | Command::ChangeShipmentEta(_)
        | Command::HoldShipment(_)
        | Command::ReleaseShipment(_)
        | Command::ReceiveShipment(_) => Right::Supply,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_role_has_its_rights_and_no_other() {
        let rights = |role: Role| Right::ALL.map(|right| role.may(right));
        assert_eq!(rights(Role::Read), [true, false, false, false]);
        assert_eq!(rights(Role::Orders), [true, true, false, false]);
        assert_eq!(rights(Role::Supply), [true, false, true, false]);
        assert_eq!(rights(Role::Admin), [true; 4]);
    }

    #[test]
    fn a_role_is_read_as_it_is_written() {
        for role in Role::ALL {
            assert_eq!(role.to_string().parse(), Ok(role));
        }
        assert!("Admin".parse::<Role>().is_err());
        assert!("".parse::<Role>().is_err());
    }
}
