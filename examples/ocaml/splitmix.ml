(* splitmix64 (Steele, Lea and Flood 2014) *)

type t = { mutable state : int64 }

let make seed = { state = seed }

(* A number from 0 up to but not including 1. *)
let uniform generator =
  let open Int64 in
  let mix z shift factor = mul (logxor z (shift_right_logical z shift)) factor in
  generator.state <- add generator.state 0x9E3779B97F4A7C15L;
  let z = mix generator.state 30 0xBF58476D1CE4E5B9L in
  let z = mix z 27 0x94D049BB133111EBL in
  let z = logxor z (shift_right_logical z 31) in
  to_float (shift_right_logical z 11) *. 0x1p-53
