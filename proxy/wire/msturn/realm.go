package msturn

import (
	"strconv"
	"strings"

	"rehearse/proxy/wire"
)

// Realm is the server's realm as it stands on the wire, which is with double
// quotes around it. Its number is that of Nonce in RFC 8489
// ([MS-TURN] 2.2.2, Realm).
type Realm string

// QuotedRealm is the attribute for a realm, with the quotes that belong around it.
func QuotedRealm(realm string) Realm { return Realm(`"` + realm + `"`) }

// Number is 0x0015.
func (Realm) Number() uint16 { return 0x0015 }

// Name is the attribute's name.
func (Realm) Name() string { return "Realm" }

// Bare is the realm without its quotes.
func (r Realm) Bare() string { return strings.Trim(string(r), `"`) }

func (r Realm) String() string { return strconv.Quote(r.Bare()) }

func (r Realm) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, r...) }

func parseRealm(value []byte, _ TransactionID) (Attribute, *wire.Error) { return Realm(value), nil }
