package msturn

import "fmt"

// Unknown is an attribute that this package has no type for, kept as it came.
type Unknown struct {
	Type  uint16
	Value []byte
}

// Number is the attribute's number.
func (u Unknown) Number() uint16 { return u.Type }

// Name is "attribute 0x8006".
func (u Unknown) Name() string { return fmt.Sprintf("attribute %#04x", u.Type) }

// Mandatory says whether whoever does not know the attribute has to refuse the
// message with 420: numbers below 0x8000.
func (u Unknown) Mandatory() bool { return u.Type < 0x8000 }

func (u Unknown) String() string { return fmt.Sprintf("(%d bytes)", len(u.Value)) }

func (u Unknown) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, u.Value...) }
