package msturn

import (
	"crypto/sha1"
	"crypto/sha256"

	"rehearse/proxy/wire"
)

// MessageIntegrity is an HMAC over the message before it: 20 bytes of HMAC-SHA1,
// or 32 of HMAC-SHA256 from MS-Version 3 on ([MS-TURN] 2.2.2, Message Integrity).
type MessageIntegrity []byte

// Number is 0x0008.
func (MessageIntegrity) Number() uint16 { return 0x0008 }

// Name is the attribute's name.
func (MessageIntegrity) Name() string { return "Message Integrity" }

// String tells which HMAC it is and not its value.
func (m MessageIntegrity) String() string {
	if len(m) == sha256.Size {
		return "HMAC-SHA256"
	}
	return "HMAC-SHA1"
}

func (m MessageIntegrity) appendValue(dst []byte, _ TransactionID) []byte {
	return append(dst, m...)
}

func parseMessageIntegrity(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	if len(value) != sha1.Size && len(value) != sha256.Size {
		return nil, bad("Message Integrity", 0, wire.Bytes(len(value)), "20 or 32 bytes")
	}
	return MessageIntegrity(value), nil
}
