package msturn

import "rehearse/proxy/wire"

// SessionID names a client's session on a relay port that many sessions share.
// A server gives it out in its 401; see Multiplexed
// ([MS-TURN] 2.2.2, Multiplexed TURN Session ID).
type SessionID [8]byte

// Number is 0x8095.
func (SessionID) Number() uint16 { return 0x8095 }

// Name is the attribute's name.
func (SessionID) Name() string { return "Multiplexed TURN Session ID" }

func (SessionID) String() string { return "(8 bytes)" }

func (s SessionID) appendValue(dst []byte, _ TransactionID) []byte { return append(dst, s[:]...) }

func parseSessionID(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	if err := wrongSize(SessionID{}, value, len(SessionID{})); err != nil {
		return nil, err
	}
	return SessionID(value), nil
}
