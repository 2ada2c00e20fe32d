package msturn

import (
	"fmt"

	"rehearse/proxy/wire"
)

// Username is the raw user name: the bytes that MRAS gave out in base64. It often
// is not text ([MS-TURN] 2.2.2, Username).
type Username []byte

// Number is 0x0006.
func (Username) Number() uint16 { return 0x0006 }

// Name is the attribute's name.
func (Username) Name() string { return "Username" }

func (u Username) String() string { return fmt.Sprintf("(%d bytes)", len(u)) }

func (u Username) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, u...) }

func parseUsername(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return Username(value), nil
}
