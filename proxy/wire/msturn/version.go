package msturn

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// Version is the newest protocol version that the sender knows
// ([MS-TURN] 2.2.2, MS-Version). Other numbers than those below are kept.
type Version uint32

// The protocol versions. From VersionSHA256 on, integrity is HMAC-SHA256.
const (
	VersionICE            Version = 1
	VersionICE2           Version = 2
	VersionSHA256         Version = 3
	VersionIPv6           Version = 4
	VersionMultiplexedUDP Version = 5
	VersionMultiplexed    Version = 6
)

var versionNames = [...]string{
	VersionICE:            "ICE",
	VersionICE2:           "ICE2",
	VersionSHA256:         "SHA-256",
	VersionIPv6:           "IPv6",
	VersionMultiplexedUDP: "multiplexed over UDP",
	VersionMultiplexed:    "multiplexed over UDP and TCP",
}

// Number is 0x8008.
func (Version) Number() uint16 { return 0x8008 }

// Name is the attribute's name.
func (Version) Name() string { return "MS-Version" }

func (v Version) String() string {
	if v < VersionICE || v > VersionMultiplexed {
		return fmt.Sprintf("%d", uint32(v))
	}
	return fmt.Sprintf("%d (%s)", uint32(v), versionNames[v])
}

func (v Version) appendValue(dst []byte, _ TransactionID) []byte {
	return binary.BigEndian.AppendUint32(dst, uint32(v))
}

func parseVersion(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	return parseUint32[Version](value)
}
