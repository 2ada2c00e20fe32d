package msturn

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// Attribute is the value of one attribute; each kind is one type of this package.
type Attribute interface {
	Number() uint16
	// Name is the attribute's name as [MS-TURN] 2.2.2 writes it.
	Name() string
	// String is the value for people, without the name.
	String() string
	// appendValue appends the value without the attribute's header. Some values
	// are masked with the id of their message's transaction.
	appendValue(dst []byte, id TransactionID) []byte
}

// A parser reads an attribute's value. The error's offset counts from the value;
// Parse says which message it was. The value may be kept.
type parser func(value []byte, id TransactionID) (Attribute, *wire.Error)

// kinds is every attribute that has a type of its own, by number.
var kinds = []struct {
	zero  Attribute
	parse parser
}{
	{MappedAddress{}, parseMappedAddress},
	{Username(nil), parseUsername},
	{MessageIntegrity(nil), parseMessageIntegrity},
	{ErrorCode{}, parseErrorCode},
	{UnknownAttributes(nil), parseUnknownAttributes},
	{Lifetime(0), parseLifetime},
	{AlternateServer{}, parseAlternateServer},
	{Bandwidth(0), parseBandwidth},
	{DestinationAddress{}, parseDestinationAddress},
	{RemoteAddress{}, parseRemoteAddress},
	{Data(nil), parseData},
	{Nonce(nil), parseNonce},
	{Realm(""), parseRealm},
	{RequestedAddressFamily(0), parseRequestedAddressFamily},
	{Version(0), parseVersion},
	{XORMappedAddress{}, parseXORMappedAddress},
	{Software(""), parseSoftware},
	{AlternateHostName(""), parseAlternateHostName},
	{AppID(0), parseAppID},
	{SecureTag{}, parseSecureTag},
	{SequenceNumber{}, parseSequenceNumber},
	{ServiceQuality{}, parseServiceQuality},
	{AlternateMappedAddress{}, parseAlternateMappedAddress},
	{SessionID{}, parseSessionID},
}

// parserOf finds the parser for an attribute's number.
func parserOf(number uint16) parser {
	for _, k := range kinds {
		if k.zero.Number() == number {
			return k.parse
		}
	}
	return func(value []byte, _ TransactionID) (Attribute, *wire.Error) {
		return Unknown{Type: number, Value: value}, nil
	}
}

// parseAttribute reads the attribute at the start of b and gives its size.
func parseAttribute(b []byte, id TransactionID) (Attribute, int, *wire.Error) {
	if len(b) < 4 {
		return nil, 0, bad("attribute header", 0, wire.Bytes(len(b)), "4 bytes")
	}
	number, size := binary.BigEndian.Uint16(b), int(binary.BigEndian.Uint16(b[2:]))
	if len(b)-4 < size {
		return nil, 0, bad(fmt.Sprintf("length of attribute %#04x", number), 2, fmt.Sprint(size), fmt.Sprintf("at most %d", len(b)-4))
	}
	a, err := parserOf(number)(b[4:4+size:4+size], id)
	if err != nil {
		err.Offset += 4
	}
	return a, 4 + size, err
}

// appendAttribute appends an attribute with its header. A value over 65,535
// bytes makes the message too large, which Append then sees.
func appendAttribute(dst []byte, a Attribute, id TransactionID) []byte {
	start := len(dst)
	dst = binary.BigEndian.AppendUint16(dst, a.Number())
	dst = a.appendValue(append(dst, 0, 0), id)
	binary.BigEndian.PutUint16(dst[start+2:], uint16(len(dst)-start-4))
	return dst
}

func bad(field string, offset int, got, want string) *wire.Error {
	return &wire.Error{Field: field, Offset: offset, Got: got, Want: want}
}

// wrongSize is the error of a value of another size than want, or nil.
func wrongSize(a Attribute, value []byte, want int) *wire.Error {
	if len(value) == want {
		return nil
	}
	return bad(a.Name(), 0, wire.Bytes(len(value)), wire.Bytes(want))
}

// parseUint32 reads the value of an attribute that is one number.
func parseUint32[A interface {
	Attribute
	~uint32
}](value []byte) (Attribute, *wire.Error) {
	var zero A
	if err := wrongSize(zero, value, 4); err != nil {
		return nil, err
	}
	return A(binary.BigEndian.Uint32(value)), nil
}
