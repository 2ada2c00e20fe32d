#!/usr/bin/env bash
# Makes the vectors in this folder with openssl(1) and faketime(1), so that they
# share no code with the judge that is held to them. Run it in this folder:
#
#     ./make.sh
#
# The clock stands at 2026-03-01 12:00 UTC; answers live until 2026-03-08.
set -euo pipefail
cd "$(dirname "$0")"
work=$(mktemp -d)
trap 'status=$?; [ $status = 0 ] || cat "$work/log" >&2; rm -rf "$work"' EXIT
at() { local when=$1; shift; TZ=UTC faketime "$when" "$@"; }
now='2026-03-01 12:00:00'
q() { at "$now" "$@" 2>>"$work/log"; }

key() {
  local kind=(EC -pkeyopt ec_paramgen_curve:P-256)
  [ "$1" = pss ] && kind=(RSA -pkeyopt rsa_keygen_bits:2048)
  openssl genpkey -algorithm "${kind[@]}" -out "$work/$1.key" 2>/dev/null
}
sign() { # name subject issuer serial extensions
  key "$1"
  printf '%s\n' "$5" >"$work/ext"
  q openssl req -new -key "$work/$1.key" -subj "$2" -out "$work/csr"
  at '2026-02-01 00:00:00' openssl x509 -req -in "$work/csr" -CA "$3.pem" -CAkey "$work/$3.key" -set_serial "$4" -days 365 -sha256 \
    -extfile "$work/ext" -out "$1.pem" 2>>"$work/log"
}
ca='basicConstraints=critical,CA:TRUE
keyUsage=critical,keyCertSign,cRLSign'
crldp='crlDistributionPoints=URI:http://status.test/crl/issuer.crl'

key issuer
at '2026-02-01 00:00:00' openssl req -x509 -new -key "$work/issuer.key" -subj '/O=Vectors/CN=Issuer' -days 3650 -sha256 \
  -addext basicConstraints=critical,CA:TRUE -addext keyUsage=critical,keyCertSign,cRLSign -out issuer.pem 2>>"$work/log"
sign leaf '/CN=leaf.test' issuer 0x1001 "$crldp"
sign revoked '/CN=revoked.test' issuer 0x1002 "$crldp"
sign held '/CN=held.test' issuer 0x1003 "$crldp"
sign stranger '/CN=stranger.test' issuer 0x1009 "$crldp"
sign subca '/CN=Sub CA' issuer 0x1004 "$ca
$crldp"
sign indirect '/CN=indirect.test' issuer 0x1005 'crlDistributionPoints=dp
[dp]
fullname=URI:http://status.test/crl/issuer.crl
CRLissuer=dirName:dn
[dn]
CN=Other CRL issuer'
sign some '/CN=some.test' issuer 0x1006 'crlDistributionPoints=dp
[dp]
fullname=URI:http://status.test/crl/issuer.crl
reasons=keyCompromise'
sign deleg '/CN=Responder' issuer 0x2001 'keyUsage=digitalSignature
extendedKeyUsage=OCSPSigning
noCheck=ignored'
sign pss '/CN=RSA Responder' issuer 0x2003 'keyUsage=digitalSignature
extendedKeyUsage=OCSPSigning'
sign noeku '/CN=Responder' issuer 0x2002 'keyUsage=digitalSignature'
key other
at "$now" openssl req -x509 -new -key "$work/other.key" -subj '/O=Vectors/CN=Other issuer' -days 30 -sha256 -out other.pem 2>>"$work/log"

row() { printf '%s\t350101000000Z\t%s\t%s\tunknown\t/CN=x\n' "$1" "$2" "$3"; }
{
  row V '' 1001
  row R 260201000000Z,keyCompromise 1002
  row R 260201000000Z,certificateHold 1003
  row V '' 1004
  row V '' 1005
} >"$work/index"
echo 'unique_subject = no' >"$work/index.attr"

ask() { # output hash certificates...
  local out=$1 hash=$2 c
  shift 2
  local certs=()
  for c in "$@"; do certs+=("-$hash" -cert "$c.pem"); done
  openssl ocsp -issuer issuer.pem "${certs[@]}" -no_nonce -reqout "$out" 2>>"$work/log"
}
answer() { # output request signer extra...
  local out=$1 req=$2 by=$3
  shift 3
  q openssl ocsp -index "$work/index" -CA issuer.pem -rsigner "$by.pem" -rkey "$work/$by.key" -reqin "$req" -respout "$out" -noverify "$@" >/dev/null
}
for h in sha1 sha256; do
  for c in leaf revoked held stranger; do ask "$work/$c.$h" $h $c; done
done
answer ocsp-good.der "$work/leaf.sha1" issuer -ndays 7
answer ocsp-good-sha256-keyid.der "$work/leaf.sha256" issuer -ndays 7 -resp_key_id
answer ocsp-revoked.der "$work/revoked.sha1" issuer -ndays 7
answer ocsp-hold.der "$work/held.sha256" issuer -ndays 7
answer ocsp-unknown.der "$work/stranger.sha1" issuer -ndays 7
answer ocsp-delegated.der "$work/leaf.sha1" deleg -ndays 7
answer ocsp-delegated-pss.der "$work/leaf.sha1" pss -ndays 7 -rsigopt rsa_padding_mode:pss -rsigopt rsa_pss_saltlen:-1
answer ocsp-delegated-nocerts.der "$work/leaf.sha1" deleg -ndays 7 -resp_no_certs
answer ocsp-noeku.der "$work/leaf.sha1" noeku -ndays 7
answer ocsp-no-next-update.der "$work/leaf.sha1" issuer
answer ocsp-sha512.der "$work/leaf.sha1" issuer -ndays 7 -rmd sha512
ask "$work/two" sha256 revoked leaf
answer ocsp-two.der "$work/two" issuer -ndays 7
openssl ocsp -issuer issuer.pem -cert leaf.pem -reqout "$work/nonce" -nonce 2>>"$work/log"
answer ocsp-nonce.der "$work/nonce" issuer -ndays 7
openssl ocsp -issuer other.pem -cert leaf.pem -no_nonce -reqout "$work/foreign" 2>>"$work/log"
q openssl ocsp -index "$work/index" -CA other.pem -rsigner issuer.pem -rkey "$work/issuer.key" -reqin "$work/foreign" \
  -respout ocsp-wrong-issuer.der -noverify -ndays 7 >/dev/null

crl() { # output extensions, by the issuer
  printf '[ca]\ndefault_ca=d\n[d]\ndatabase=%s\ndefault_md=sha256\ncrlnumber=%s\n[x]\nauthorityKeyIdentifier=keyid\n%s\n' \
    "$work/index" "$work/number" "$2" >"$work/cnf"
  echo 01 >"$work/number"
  q openssl ca -config "$work/cnf" -gencrl -crlexts x -cert issuer.pem -keyfile "$work/issuer.key" -crldays 7 -out "$work/crl.pem"
  openssl crl -in "$work/crl.pem" -outform DER -out "$1"
}
idp() { printf 'issuingDistributionPoint=critical,@idp\n[idp]\n%s\n' "$1"; }
crl crl.der ''
cp "$work/crl.pem" crl.pem
sed -i '/^crlnumber/d; s/^database=.*/&.plain/' "$work/cnf" # neither a number nor reasons: version 1
sed 's/,[a-zA-Z]*//' "$work/index" >"$work/index.plain"
cp "$work/index.attr" "$work/index.plain.attr"
q openssl ca -config "$work/cnf" -gencrl -cert issuer.pem -keyfile "$work/issuer.key" -crldays 7 -out "$work/v1.pem"
openssl crl -in "$work/v1.pem" -outform DER -out crl-v1.der
crl crl-idp.der "$(idp 'fullname=URI:http://status.test/crl/issuer.crl')"
crl crl-idp-other.der "$(idp 'fullname=URI:http://status.test/crl/elsewhere.crl')"
crl crl-user-only.der "$(idp 'onlyuser=TRUE')"
crl crl-ca-only.der "$(idp 'onlyCA=TRUE')"
crl crl-attribute-only.der "$(idp 'onlyAA=TRUE')"
crl crl-some-reasons.der "$(idp 'onlysomereasons=keyCompromise')"
crl crl-indirect.der "$(idp 'indirectCRL=TRUE')"
crl crl-delta.der '2.5.29.27=critical,ASN1:INTEGER:1'
crl crl-critical.der '1.2.3.4=critical,ASN1:NULL'
mv issuer.pem "$work/right.pem"
cp other.pem issuer.pem
cp "$work/other.key" "$work/issuer.key"
crl crl-wrong-issuer.der ''
mv "$work/right.pem" issuer.pem
rm -f other.pem noeku.pem deleg.pem pss.pem
