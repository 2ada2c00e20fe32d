package msturn

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// AppID numbers the application; Teams sends 2 ([MS-TURN] 2.2.2, MS-App-ID).
type AppID uint32

// Number is 0x8037.
func (AppID) Number() uint16 { return 0x8037 }

// Name is the attribute's name.
func (AppID) Name() string { return "MS-App-ID" }

func (a AppID) String() string { return fmt.Sprintf("%d", uint32(a)) }

func (a AppID) appendValue(dst []byte, _ TransactionID) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(a))
}

func parseAppID(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return parseUint32[AppID](value)
}
