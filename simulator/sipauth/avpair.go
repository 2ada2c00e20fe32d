package sipauth

import (
	"encoding/binary"
	"time"
)

// The AV pairs in use, [MS-NLMP] 2.2.2.1.
const (
	avEnd         = 0
	avComputer    = 1
	avDomain      = 2
	avDNSComputer = 3
	avDNSDomain   = 4
	avFlags       = 6
	avTimestamp   = 7
)

// flagMIC in avFlags says that the AUTHENTICATE message carries an integrity code.
const flagMIC = 2

// appendAV writes one pair.
func appendAV(dst []byte, id uint16, value []byte) []byte {
	dst = binary.LittleEndian.AppendUint16(dst, id)
	dst = binary.LittleEndian.AppendUint16(dst, uint16(len(value)))
	return append(dst, value...)
}

// findAV is the value of a pair, and whether the list has it before it ends or
// breaks off.
func findAV(list []byte, id uint16) ([]byte, bool) {
	for len(list) >= 4 {
		got, length := binary.LittleEndian.Uint16(list), int(binary.LittleEndian.Uint16(list[2:]))
		if got == avEnd || length > len(list)-4 {
			return nil, false
		}
		if got == id {
			return list[4 : 4+length], true
		}
		list = list[4+length:]
	}
	return nil, false
}

// The FILETIME epoch is 1601-01-01, counted in units of 100 ns.
const (
	filetimeEpoch = 11644473600
	filetimeUnit  = 100
)

func filetime(t time.Time) uint64 {
	return uint64(t.Unix()+filetimeEpoch)*(1e9/filetimeUnit) + uint64(t.Nanosecond()/filetimeUnit)
}

func fromFiletime(v uint64) time.Time {
	const perSecond = 1e9 / filetimeUnit
	return time.Unix(int64(v/perSecond)-filetimeEpoch, int64(v%perSecond)*filetimeUnit)
}
