"""Accounts: persons, their log-ins and sessions, their address books, and the sealing of what is personal about them.

A person is a data key: every personal field in the database is sealed under it, and destroying it erases the person.
An account is a person with a log-in; a guest is a person without one. E-mails are found by a keyed hash. Log-ins are
limited per account and network, cost the same for unknown and known e-mails, and hash in a few threads of their own.
"""

from merx.accounts.authenticate import account_contacts, log_out, revoke_all
from merx.accounts.errors import (
    BadCountry,
    BadEmail,
    BadPhone,
    BadPostalCode,
    EmailTaken,
    PasswordsBusy,
    PasswordTooCommon,
    PasswordTooLong,
    PasswordTooShort,
    PersonErased,
    StaleAddress,
    TooManyAddresses,
    TooManyAttempts,
    UnknownAccount,
    UnknownAddress,
    WrongCredentials,
)
from merx.accounts.events import (
    AccountRegistered,
)
from merx.accounts.jobs import forget_expired
from merx.accounts.keep_addresses import (
    add_address,
    delete_address,
    get_address,
    list_addresses,
    update_address,
)
from merx.accounts.keep_staff import account_by_email, appoint_staff, dismiss_staff, staff_ids
from merx.accounts.limit_attempts import count_registration
from merx.accounts.log_in import log_in
from merx.accounts.model import Account, PostalAddress, SavedAddress, SealedAccount
from merx.accounts.passwords import hash_password, verify_password
from merx.accounts.persons import new_person, open_account, open_address, person_cipher, seal_address
from merx.accounts.register import register
from merx.accounts.rules import (
    PASSWORD_LEAST,
    PASSWORD_MOST,
    check_address,
    check_email,
    check_name,
    check_password,
)

__all__ = [
    "PASSWORD_LEAST",
    "PASSWORD_MOST",
    "Account",
    "AccountRegistered",
    "BadCountry",
    "BadEmail",
    "BadPhone",
    "BadPostalCode",
    "EmailTaken",
    "PasswordTooCommon",
    "PasswordTooLong",
    "PasswordTooShort",
    "PasswordsBusy",
    "PersonErased",
    "PostalAddress",
    "SavedAddress",
    "SealedAccount",
    "StaleAddress",
    "TooManyAddresses",
    "TooManyAttempts",
    "UnknownAccount",
    "UnknownAddress",
    "WrongCredentials",
    "account_by_email",
    "account_contacts",
    "add_address",
    "appoint_staff",
    "check_address",
    "check_email",
    "check_name",
    "check_password",
    "count_registration",
    "delete_address",
    "dismiss_staff",
    "forget_expired",
    "get_address",
    "hash_password",
    "list_addresses",
    "log_in",
    "log_out",
    "new_person",
    "open_account",
    "open_address",
    "person_cipher",
    "register",
    "revoke_all",
    "seal_address",
    "staff_ids",
    "update_address",
    "verify_password",
]
