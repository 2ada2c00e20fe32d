package msturn

import (
	"fmt"

	"rehearse/proxy/wire"
)

// ErrorCode is why a request was refused: a code and words that may say anything
// ([MS-TURN] 2.2.2, Error Code). Codes has the ones that exist.
type ErrorCode struct {
	Code   int // 100 to 799
	Reason string
}

// Number is 0x0009.
func (ErrorCode) Number() uint16 { return 0x0009 }

// Name is the attribute's name.
func (ErrorCode) Name() string { return "Error Code" }

func (e ErrorCode) String() string { return fmt.Sprintf("%d %s", e.Code, e.Reason) }

func (e ErrorCode) appendValue(dst []byte, _ TransactionID) []byte {
	dst = append(dst, 0, 0, byte(e.Code/100), byte(e.Code%100))
	return append(dst, e.Reason...)
}

func parseErrorCode(value []byte, _ TransactionID) (Attribute, *wire.Error) {
	if len(value) < 4 {
		return nil, bad("Error Code", 0, wire.Bytes(len(value)), "at least 4 bytes")
	}
	if value[0] != 0 || value[1] != 0 {
		return nil, bad("Error Code reserved bytes", 0, fmt.Sprintf("% x", value[:2]), "00 00")
	}
	class, number := int(value[2]), int(value[3])
	if class < 1 || class > 7 {
		return nil, bad("Error Code class", 2, fmt.Sprint(class), "1 to 7")
	}
	if number > 99 {
		return nil, bad("Error Code number", 3, fmt.Sprint(number), "0 to 99")
	}
	return ErrorCode{Code: class*100 + number, Reason: string(value[4:])}, nil
}
