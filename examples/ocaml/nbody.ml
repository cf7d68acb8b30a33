(* All-pairs gravity: bodies under Newton's law with softening, moved by leapfrog.

       nbody BODIES STEPS SEED

   Prints the energy at the end and the largest relative drift of it on the way; writes the last
   positions to positions.csv. Units: G = 1, total mass = 1. *)

let g = 1.0
let softening = 0.05
let time_step = 0.005

type vector = { x : float; y : float; z : float }

let zero = { x = 0.0; y = 0.0; z = 0.0 }
let ( ++ ) a b = { x = a.x +. b.x; y = a.y +. b.y; z = a.z +. b.z }
let ( -- ) a b = { x = a.x -. b.x; y = a.y -. b.y; z = a.z -. b.z }
let ( *: ) factor v = { x = factor *. v.x; y = factor *. v.y; z = factor *. v.z }
let square v = (v.x *. v.x) +. (v.y *. v.y) +. (v.z *. v.z)

(* Never 0, so that close encounters stay harmless. *)
let softened_length v = sqrt (square v +. (softening *. softening))

type body = {
  mass : float;
  mutable position : vector;
  mutable velocity : vector;
  mutable acceleration : vector;
}

(* A cube of side 2 with slowly moving bodies of about the same mass. *)
let initialise n seed =
  let generator = Splitmix.make seed in
  let within half =
    (* One after the other: OCaml leaves open in which order the fields of a record are made. *)
    let x = half *. ((2.0 *. Splitmix.uniform generator) -. 1.0) in
    let y = half *. ((2.0 *. Splitmix.uniform generator) -. 1.0) in
    let z = half *. ((2.0 *. Splitmix.uniform generator) -. 1.0) in
    { x; y; z }
  in
  Array.init n (fun _ ->
      let mass = (0.5 +. Splitmix.uniform generator) /. float_of_int n in
      let position = within 1.0 in
      let velocity = within 0.2 in
      { mass; position; velocity; acceleration = zero })

let compute_accelerations bodies =
  let pull_on body sum other =
    (* its own pull on itself is 0 *)
    let away = other.position -- body.position in
    let distance = softened_length away in
    sum ++ (g *. other.mass /. (distance *. distance *. distance) *: away)
  in
  Array.iter
    (fun body -> body.acceleration <- Array.fold_left (pull_on body) zero bodies)
    bodies

let total_energy bodies =
  let energy = ref 0.0 in
  Array.iteri
    (fun i body ->
      energy := !energy +. (0.5 *. body.mass *. square body.velocity);
      for j = i + 1 to Array.length bodies - 1 do
        let other = bodies.(j) in
        let distance = softened_length (other.position -- body.position) in
        energy := !energy -. (g *. body.mass *. other.mass /. distance)
      done)
    bodies;
  !energy

let kick bodies time =
  Array.iter (fun body -> body.velocity <- body.velocity ++ (time *: body.acceleration)) bodies

let drift bodies time =
  Array.iter (fun body -> body.position <- body.position ++ (time *: body.velocity)) bodies

let write_positions path bodies =
  let file = open_out path in
  output_string file "x,y,z\n";
  Array.iter
    (fun { position = { x; y; z }; _ } -> Printf.fprintf file "%.15g,%.15g,%.15g\n" x y z)
    bodies;
  close_out file

let run n steps seed =
  let bodies = initialise n seed in
  compute_accelerations bodies;
  let first = total_energy bodies in
  let energy = ref first and worst = ref 0.0 in
  for _ = 1 to steps do
    kick bodies (0.5 *. time_step);
    drift bodies time_step;
    compute_accelerations bodies;
    kick bodies (0.5 *. time_step);
    energy := total_energy bodies;
    worst := Float.max !worst (abs_float ((!energy -. first) /. first))
  done;
  Printf.printf "energy: %.15g\nenergy_drift: %.6e\n" !energy !worst;
  write_positions "positions.csv" bodies

let () =
  match Sys.argv with
  | [| _; n; steps; seed |] -> run (int_of_string n) (int_of_string steps) (Int64.of_string seed)
  | _ ->
      prerr_endline "usage: nbody BODIES STEPS SEED";
      exit 2
