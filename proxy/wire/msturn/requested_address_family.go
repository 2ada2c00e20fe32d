package msturn

import (
	"fmt"

	"rehearse/proxy/wire"
)

// RequestedAddressFamily says of which family the relay address shall be
// ([MS-TURN] 2.2.2, Requested Address Family).
type RequestedAddressFamily uint8

// The address families.
const (
	IPv4 RequestedAddressFamily = familyIPv4
	IPv6 RequestedAddressFamily = familyIPv6
)

// Number is 0x0017.
func (RequestedAddressFamily) Number() uint16 { return 0x0017 }

// Name is the attribute's name.
func (RequestedAddressFamily) Name() string { return "Requested Address Family" }

func (f RequestedAddressFamily) String() string {
	if f == IPv6 {
		return "IPv6"
	}
	return "IPv4"
}

func (f RequestedAddressFamily) appendValue(dst []byte, _ TransactionID) []byte {
	return append(dst, byte(f), 0, 0, 0)
}

func parseRequestedAddressFamily(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	var f RequestedAddressFamily
	if err := wrongSize(f, value, 4); err != nil {
		return nil, err
	}
	if f = RequestedAddressFamily(value[0]); f != IPv4 && f != IPv6 {
		return nil, bad(f.Name(), 0, fmt.Sprintf("%#02x", value[0]), "0x01 or 0x02")
	}
	if string(value[1:]) != "\x00\x00\x00" {
		return nil, bad(f.Name()+" reserved bytes", 1, fmt.Sprintf("% x", value[1:]), "00 00 00")
	}
	return f, nil
}
