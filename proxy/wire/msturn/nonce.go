package msturn

import (
	"fmt"

	"rehearse/proxy/wire"
)

// Nonce is what the server wants to see again; bytes, not text. Its number is that
// of Realm in RFC 8489 ([MS-TURN] 2.2.2, Nonce).
type Nonce []byte

// Number is 0x0014.
func (Nonce) Number() uint16 { return 0x0014 }

// Name is the attribute's name.
func (Nonce) Name() string { return "Nonce" }

func (n Nonce) String() string { return fmt.Sprintf("(%d bytes)", len(n)) }

func (n Nonce) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, n...) }

func parseNonce(value []byte, _ TransactionID) (Attribute, *wire.Error) { return Nonce(value), nil }
