(* Site percolation: how clusters of occupied sites grow on random square grids.

       percolation SIDE GRIDS PROBABILITY SEED

   Prints whole numbers alone: sites occupied, clusters, the largest cluster, grids with a cluster
   from the top row to the bottom row, and the sum of the squares of all clusters' sizes. *)

type totals = {
  mutable occupied : int;
  mutable clusters : int;
  mutable largest : int;
  mutable spanning : int;
  mutable squares : int;
}

let fill occupied probability generator =
  for site = 0 to Bytes.length occupied - 1 do
    let is_occupied = Splitmix.uniform generator < probability in
    Bytes.set occupied site (if is_occupied then '#' else ' ')
  done

(* Gives the label to all sites that are connected to the first one; returns how many. *)
let flood occupied labels side first label waiting =
  let count = ref 0 and size = ref 0 in
  let visit site =
    if Bytes.get occupied site = '#' && labels.(site) = 0 then begin
      labels.(site) <- label;
      waiting.(!count) <- site;
      incr count
    end
  in
  visit first;
  while !count > 0 do
    decr count;
    incr size;
    let site = waiting.(!count) in
    let row = site / side and column = site mod side in
    if row + 1 < side then visit (site + side);
    if row > 0 then visit (site - side);
    if column + 1 < side then visit (site + 1);
    if column > 0 then visit (site - 1)
  done;
  !size

(* Labels clusters 1, 2, ... in the order of their first sites; returns the sizes, the last first. *)
let label_clusters occupied labels side waiting =
  Array.fill labels 0 (Array.length labels) 0;
  let sizes = ref [] and clusters = ref 0 in
  Bytes.iteri
    (fun site state ->
      if state = '#' && labels.(site) = 0 then begin
        incr clusters;
        sizes := flood occupied labels side site !clusters waiting :: !sizes
      end)
    occupied;
  !sizes

(* Does a cluster of the top row reach the bottom row? *)
let spans labels side =
  let top = Array.sub labels 0 side in
  let bottom = Array.sub labels (Array.length labels - side) side in
  Array.exists (fun label -> label <> 0 && Array.mem label bottom) top

let measure labels side sizes totals =
  List.iter
    (fun size ->
      totals.occupied <- totals.occupied + size;
      totals.squares <- totals.squares + (size * size);
      totals.largest <- max totals.largest size)
    sizes;
  totals.clusters <- totals.clusters + List.length sizes;
  if spans labels side then totals.spanning <- totals.spanning + 1

let run side grids probability seed =
  let generator = Splitmix.make seed in
  let occupied = Bytes.make (side * side) ' ' in
  let labels = Array.make (side * side) 0 and waiting = Array.make (side * side) 0 in
  let totals = { occupied = 0; clusters = 0; largest = 0; spanning = 0; squares = 0 } in
  for _ = 1 to grids do
    fill occupied probability generator;
    let sizes = label_clusters occupied labels side waiting in
    measure labels side sizes totals
  done;
  Printf.printf "occupied: %d\nclusters: %d\nlargest: %d\nspanning: %d\nsquares: %d\n"
    totals.occupied totals.clusters totals.largest totals.spanning totals.squares

let () =
  match Sys.argv with
  | [| _; side; grids; probability; seed |] ->
      run (int_of_string side) (int_of_string grids) (float_of_string probability)
        (Int64.of_string seed)
  | _ ->
      prerr_endline "usage: percolation SIDE GRIDS PROBABILITY SEED";
      exit 2
