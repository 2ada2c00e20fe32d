package msturn

import (
	"encoding/binary"
	"fmt"

	"rehearse/proxy/wire"
)

// ServiceQuality says what the client means to send
// ([MS-TURN] 2.2.2, MS-Service Quality).
type ServiceQuality struct {
	Stream  Stream
	Quality uint16 // 0 best effort, 1 reliable; Teams sends 2
}

// Stream is a kind of media.
type Stream uint16

// The kinds of media.
const (
	Audio             Stream = 1
	Video             Stream = 2
	SupplementalVideo Stream = 3
	DataStream        Stream = 4
)

// Number is 0x8055.
func (ServiceQuality) Number() uint16 { return 0x8055 }

// Name is the attribute's name.
func (ServiceQuality) Name() string { return "MS-Service Quality" }

func (s ServiceQuality) String() string {
	return s.Stream.String() + ", " + word(s.Quality, "best effort", "reliable")
}

func (s Stream) String() string {
	return word(uint16(s), "no stream", "audio", "video", "supplemental video", "data")
}

// word is the word for number n, or the number where it has none.
func word(n uint16, words ...string) string {
	if int(n) < len(words) {
		return words[n]
	}
	return fmt.Sprint(n)
}

func (s ServiceQuality) appendValue(dst []byte, _ TransactionID) []byte {
	dst = binary.BigEndian.AppendUint16(dst, uint16(s.Stream))
	return binary.BigEndian.AppendUint16(dst, s.Quality)
}

func parseServiceQuality(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	if err := wrongSize(ServiceQuality{}, value, 4); err != nil {
		return nil, err
	}
	return ServiceQuality{
		Stream:  Stream(binary.BigEndian.Uint16(value)),
		Quality: binary.BigEndian.Uint16(value[2:]),
	}, nil
}
